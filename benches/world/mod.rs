//! A world of any size on disk: `n` exported VirtualServices with Services, `2n` pods, and CSDS of three clients.
pub mod peak;

use envoy_types::pb::envoy::config::cluster::v3::Cluster;
use envoy_types::pb::envoy::config::cluster::v3::cluster::{
    ClusterDiscoveryType, DiscoveryType, EdsClusterConfig,
};
use envoy_types::pb::envoy::config::core::v3::{
    Address, HealthStatus, Node, SocketAddress, address, socket_address,
};
use envoy_types::pb::envoy::config::endpoint::v3::{
    ClusterLoadAssignment, Endpoint, LbEndpoint, LocalityLbEndpoints, lb_endpoint,
};
use envoy_types::pb::envoy::config::route::v3::{
    Route, RouteAction, RouteConfiguration, RouteMatch, VirtualHost, route, route_action, route_match,
};
use envoy_types::pb::envoy::service::status::v3::client_config::GenericXdsConfig;
use envoy_types::pb::envoy::service::status::v3::{ClientConfig, ClientStatusResponse, ConfigStatus};
use envoy_types::pb::google::protobuf::{Any, Struct, Value, value};
use prost::Message;
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

const BASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/worlds/base");
const NUMBER: &str = "525300120045";
const CLIENTS: [&str; 3] = ["fortio", "shop", "mobile"];

/// Writes the world below `root`: the healthy base with its cluster blown up.
pub fn write(root: &Path, n: usize) {
    copy(Path::new(BASE), root);
    let kubernetes = root.join("kubernetes/prod");
    let namespace = |i: usize| format!("team-{}", i % 100);
    let items: Vec<serde_json::Value> = (0..n.min(100))
        .map(|i| json!({"metadata": {"name": format!("team-{i}"), "labels": {"istio-injection": "enabled"}}}))
        .collect();
    list(&kubernetes, "namespaces", &items);
    let all = |make: &dyn Fn(usize) -> serde_json::Value| (0..n).map(make).collect::<Vec<_>>();
    list(
        &kubernetes,
        "services",
        &all(&|i| {
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("svc-{i}"), "namespace": namespace(i)},
                "spec": {"type": "ClusterIP", "clusterIP": "10.30.0.9", "selector": {"app": format!("svc-{i}")},
                         "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]},
            })
        }),
    );
    list(
        &kubernetes,
        "virtualservices.networking.istio.io",
        &all(&|i| {
            json!({
                "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
                "metadata": {"name": format!("svc-{i}"), "namespace": namespace(i)},
                "spec": {"hosts": [host(i)], "gateways": ["external-mesh"],
                         "http": [{"route": [{"destination": {"host": format!("svc-{i}"), "port": {"number": 80}}}]}]},
            })
        }),
    );
    list(
        &kubernetes,
        "deployments.apps",
        &all(&|i| {
            json!({
                "metadata": {"name": format!("svc-{i}"), "namespace": namespace(i)},
                "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": format!("svc-{i}")}}}},
            })
        }),
    );
    let pods = (0..2 * n).map(|p| json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("svc-{}-{p}", p / 2), "namespace": namespace(p / 2),
                     "labels": {"app": format!("svc-{}", p / 2), "pod-template-hash": "6f9c"}},
        "spec": {"containers": [{"name": "app", "image": "app:1", "ports": [{"containerPort": 8080}]}, {"name": "istio-proxy"}]},
        "status": {"phase": "Running", "podIP": address(p), "conditions": [{"type": "Ready", "status": "True"}],
                   "containerStatuses": [{"name": "app", "ready": true, "state": {}}]},
    }));
    list(&kubernetes, "pods", &pods.collect::<Vec<_>>());
    let slices = all(&|i| {
        let endpoint = |pod: usize| json!({"addresses": [address(pod)], "conditions": {"ready": true}});
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": format!("svc-{i}-x1"), "namespace": namespace(i),
                         "labels": {"kubernetes.io/service-name": format!("svc-{i}")}},
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
            "endpoints": [endpoint(2 * i), endpoint(2 * i + 1)],
        })
    });
    list(&kubernetes, "endpointslices.discovery.k8s.io", &slices);
    fs::remove_file(root.join("csds/mesh-prod/client-status.json")).expect("the base has it");
    fs::write(root.join("csds/mesh-prod/client-status.binpb"), csds(n)).expect("writable");
}

fn host(i: usize) -> String {
    format!("svc-{i}.mesh.private")
}

fn address(pod: usize) -> String {
    format!("10.20.{}.{}", (pod / 250) % 256, pod % 250 + 1)
}

fn list(folder: &Path, kind: &str, items: &[serde_json::Value]) {
    let text = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    fs::write(folder.join(format!("{kind}.json")), text).expect("writable");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("writable");
    for entry in fs::read_dir(from).expect("readable") {
        let path = entry.expect("readable").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("writable");
        }
    }
}

fn csds(n: usize) -> Vec<u8> {
    let cluster_name = |i: usize| format!("cloud-internal-istio:cloud_mp_{NUMBER}_team-{}_svc-{i}", i % 100);
    let virtual_hosts = (0..n)
        .map(|i| VirtualHost {
            name: host(i),
            domains: vec![host(i), format!("{}:80", host(i))],
            routes: vec![Route {
                r#match: Some(RouteMatch {
                    path_specifier: Some(route_match::PathSpecifier::Prefix("/".into())),
                    ..Default::default()
                }),
                action: Some(route::Action::Route(RouteAction {
                    cluster_specifier: Some(route_action::ClusterSpecifier::Cluster(cluster_name(i))),
                    ..Default::default()
                })),
                ..Default::default()
            }],
            ..Default::default()
        })
        .collect();
    let mut resources = vec![resource(
        "envoy.config.route.v3.RouteConfiguration",
        "external-mesh:80",
        &RouteConfiguration {
            name: "external-mesh:80".into(),
            virtual_hosts,
            ..Default::default()
        },
    )];
    for i in 0..n {
        let name = cluster_name(i);
        resources.push(resource(
            "envoy.config.cluster.v3.Cluster",
            &name,
            &Cluster {
                name: name.clone(),
                cluster_discovery_type: Some(ClusterDiscoveryType::Type(DiscoveryType::Eds.into())),
                eds_cluster_config: Some(EdsClusterConfig {
                    service_name: name.clone(),
                    ..Default::default()
                }),
                ..Default::default()
            },
        ));
        resources.push(resource(
            "envoy.config.endpoint.v3.ClusterLoadAssignment",
            &name,
            &ClusterLoadAssignment {
                cluster_name: name.clone(),
                endpoints: vec![LocalityLbEndpoints {
                    lb_endpoints: (2 * i..2 * i + 2).map(|pod| endpoint(&address(pod))).collect(),
                    ..Default::default()
                }],
                ..Default::default()
            },
        ));
    }
    let config = CLIENTS.iter().map(|client| ClientConfig {
        node: Some(Node {
            id: format!("projects/{NUMBER}/networks/mesh:test-mesh/nodes/{client}"),
            metadata: Some(Struct {
                fields: HashMap::from([(
                    "CLOUD_RUN_SERVICE".to_owned(),
                    Value {
                        kind: Some(value::Kind::StringValue((*client).into())),
                    },
                )]),
            }),
            ..Default::default()
        }),
        generic_xds_configs: resources.clone(),
        ..Default::default()
    });
    ClientStatusResponse {
        config: config.collect(),
    }
    .encode_to_vec()
}

fn endpoint(ip: &str) -> LbEndpoint {
    LbEndpoint {
        health_status: HealthStatus::Healthy.into(),
        host_identifier: Some(lb_endpoint::HostIdentifier::Endpoint(Endpoint {
            address: Some(Address {
                address: Some(address::Address::SocketAddress(SocketAddress {
                    address: ip.into(),
                    port_specifier: Some(socket_address::PortSpecifier::PortValue(8080)),
                    ..Default::default()
                })),
            }),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn resource(kind: &str, name: &str, message: &impl Message) -> GenericXdsConfig {
    let type_url = format!("type.googleapis.com/{kind}");
    GenericXdsConfig {
        type_url: type_url.clone(),
        name: name.into(),
        version_info: "1".into(),
        xds_config: Some(Any {
            type_url,
            value: message.encode_to_vec(),
        }),
        config_status: ConfigStatus::Synced.into(),
        ..Default::default()
    }
}
