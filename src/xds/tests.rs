//! What the room promises, on genuine answers of a proxyless client; `old-form` is `unhealthy-endpoints` rewritten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::input::ReadError;
use envoy_types::pb::envoy::config::cluster::v3::Cluster as PbCluster;
use envoy_types::pb::envoy::config::endpoint::v3 as endpoint;
use envoy_types::pb::envoy::config::listener::v3 as listener;
use envoy_types::pb::envoy::config::route::v3 as route;
use envoy_types::pb::envoy::extensions::filters::network::http_connection_manager::v3 as hcm;
use envoy_types::pb::envoy::service::status::v3 as status;
use envoy_types::pb::google::protobuf::Any;
use envoy_types::util::pack_any;
use proptest::prelude::*;
use prost::Message;

const CLUSTER: &str = "cloud-internal-istio:cloud_mp_525300120045_123_neg";

fn file(name: &str, extension: &str) -> Vec<u8> {
    let root = env!("CARGO_MANIFEST_DIR");
    std::fs::read(format!("{root}/fixtures/csds/{name}/client-status.{extension}")).unwrap()
}

fn fixture(name: &str) -> XdsClient {
    let mut status = from_binary(file(name, "binpb"), name).unwrap();
    assert_eq!(status.clients.len(), 1, "{name}");
    status.clients.remove(0)
}

/// A client with one resource.
fn with(payload: Any, name: &str) -> Result<XdsClient, ReadError> {
    let config = status::client_config::GenericXdsConfig {
        name: name.into(),
        type_url: payload.type_url.clone(),
        xds_config: Some(payload),
        ..Default::default()
    };
    answer(vec![config])
}

fn answer(generic_xds_configs: Vec<status::client_config::GenericXdsConfig>) -> Result<XdsClient, ReadError> {
    let client = status::ClientConfig {
        node: Some(envoy_types::pb::envoy::config::core::v3::Node {
            id: "projects/1/networks/mesh:m/nodes/n".into(),
            ..Default::default()
        }),
        generic_xds_configs,
        ..Default::default()
    };
    let bytes = status::ClientStatusResponse { config: vec![client] }.encode_to_vec();
    Ok(from_binary(bytes, "test")?.clients.remove(0))
}

fn refusal(result: Result<ClientStatus, ReadError>) -> String {
    let error = result.expect_err("must be refused");
    assert!(matches!(error, ReadError::Malformed { .. }), "{error}");
    error.to_string()
}

#[test]
fn binary_and_json_of_one_answer_are_the_same_to_us() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/csds");
    let mut seen = 0;
    for folder in std::fs::read_dir(root).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        let binary = from_binary(file(&name, "binpb"), &name).unwrap();
        let json = from_json(&file(&name, "json"), &name).unwrap();
        assert!(!binary.clients[0].resources.is_empty(), "{name}");
        assert_eq!(binary, json, "{name}");
        seen += 1;
    }
    assert!(seen >= 8);
}

#[test]
fn a_whole_path_is_followed_from_host_to_endpoint() {
    let client = fixture("unhealthy-endpoints");
    assert_eq!(client.project_number().unwrap().as_str(), "525300120045");
    assert_eq!(client.mesh(), Some("test-mesh"));
    assert_eq!(client.region, "us-central1");
    assert_eq!(
        client.user_agent,
        "gRPC C-core linux Python C-core 58.0.0 Python 1.85.1"
    );
    let (_, listener) = client.listeners().next().unwrap();
    assert_eq!(listener.route_configs, ["r1"]);
    let (config, virtual_host) = client
        .find_virtual_host("Payments.default.svc.cluster.local:8080")
        .unwrap();
    assert_eq!((config.name.as_str(), virtual_host.name.as_str()), ("r1", "vh"));
    let route = &virtual_host.routes[0];
    assert_eq!(route.matches, "prefix /");
    assert_eq!(route.clusters, [(CLUSTER.to_owned(), 100)]);
    assert_eq!(client.cluster(CLUSTER).unwrap().discovery, "EDS");
    let endpoint = &client.assignment(CLUSTER).unwrap().endpoints[0];
    assert_eq!(
        (endpoint.address.as_str(), endpoint.port, endpoint.health.as_str()),
        ("127.0.0.1", 80, "UNHEALTHY")
    );
    assert!(!endpoint.is_usable());
}

#[test]
fn no_endpoints_and_no_answer_are_told_apart() {
    let none = fixture("no-endpoints");
    assert!(none.assignment(CLUSTER).unwrap().endpoints.is_empty());
    let missing = fixture("cluster-missing");
    assert_eq!(missing.state_of(&Kind::Cds), Some(SyncState::DoesNotExist));
    assert!(missing.cluster(CLUSTER).is_none() && missing.assignment(CLUSTER).is_none());
    assert_eq!(
        *missing.resource(&Kind::Cds, CLUSTER).unwrap().content,
        Content::Absent
    );
    assert_eq!(missing.state_of(&Kind::Eds), None);
}

#[test]
fn a_refusal_keeps_its_words_and_version() {
    let client = fixture("listener-nacked");
    let refused = client.resources_of(&Kind::Lds).next().unwrap();
    assert_eq!(refused.state, SyncState::Rejected);
    let error = refused.error.as_ref().unwrap();
    assert!(error.details.ends_with("error:unsupported filter type]"));
    assert_eq!(error.version, "1");
    assert_eq!(
        error.last_attempt.unwrap().to_string(),
        "2026-11-24T04:07:47.144266613Z"
    );
}

#[test]
fn a_denied_client_waits_and_a_silent_servers_client_has_given_up() {
    let state = |name| fixture(name).state_of(&Kind::Lds).unwrap();
    assert_eq!(state("permission-denied"), SyncState::Requested);
    assert_eq!(state("silent-server"), SyncState::DoesNotExist);
}

#[test]
fn the_old_form_opens_to_the_model_of_the_new_one() {
    let (old, new) = (fixture("old-form"), fixture("unhealthy-endpoints"));
    for there in &new.resources {
        let here = old.resource(&there.kind, &there.name).unwrap();
        assert_eq!(here.content, there.content);
        assert_eq!(here.type_url, there.type_url);
        assert_eq!(
            (&here.version, here.last_updated),
            (&there.version, there.last_updated)
        );
    }
    let state = |kind: &Kind, name| old.resource(kind, name).unwrap().state;
    assert_eq!(state(&Kind::Lds, "0.0.0.0_80"), SyncState::Rejected);
    // Its neighbour was refused by name, so the type's ERROR says nothing of this one.
    let accepted = state(&Kind::Lds, "payments.default.svc.cluster.local:8080");
    assert_eq!(accepted, SyncState::Unknown);
    assert_eq!(state(&Kind::Cds, CLUSTER), SyncState::Stale);
    assert_eq!(state(&Kind::Eds, CLUSTER), SyncState::Synced);
    assert_eq!(old.state_of(&Kind::Srds), Some(SyncState::NotSent));
    let fixed = old.resource(&Kind::Cds, "xds-server").unwrap();
    assert!(fixed.is_static && fixed.state == SyncState::Unknown);
    assert_eq!(old.assignment("xds-server").unwrap().endpoints[0].port, 443);
    let metadata = |key: &str| old.metadata[key].as_str();
    assert_eq!(
        ["labels.app", "labels.n", "labels.on", "ports.1"].map(metadata),
        ["web", "3", "true", "443"]
    );
    assert_eq!(old.listening_addresses, ["10.8.0.4:15001"]);
}

#[test]
fn of_two_statements_the_more_telling_counts_and_new_numbers_say_nothing() {
    let state = |config_status, client_status| {
        let config = status::client_config::GenericXdsConfig {
            config_status,
            client_status,
            ..Default::default()
        };
        answer(vec![config]).unwrap().resources[0].state
    };
    assert_eq!(state(1, 4), SyncState::Rejected);
    assert_eq!(state(3, 3), SyncState::Stale);
    assert_eq!(state(0, 3), SyncState::Synced);
    assert_eq!(state(99, 99), SyncState::Unknown);
}

#[test]
fn listeners_show_every_connection_managers_routes() {
    use hcm::http_connection_manager::RouteSpecifier;
    let filter = |specifier| listener::Filter {
        name: "hcm".into(),
        config_type: Some(listener::filter::ConfigType::TypedConfig(pack_any(
            hcm::HttpConnectionManager {
                route_specifier: Some(specifier),
                ..Default::default()
            },
        ))),
    };
    let chain = |specifier| listener::FilterChain {
        filters: vec![filter(specifier)],
        ..Default::default()
    };
    let rds = hcm::Rds {
        route_config_name: "by-rds".into(),
        ..Default::default()
    };
    let inline = route::RouteConfiguration {
        name: "inline".into(),
        ..Default::default()
    };
    let message = listener::Listener {
        name: "l".into(),
        filter_chains: vec![chain(RouteSpecifier::Rds(rds))],
        default_filter_chain: Some(chain(RouteSpecifier::RouteConfig(inline))),
        ..Default::default()
    };
    let client = with(pack_any(message), "l").unwrap();
    let (_, opened) = client.listeners().next().unwrap();
    assert_eq!(opened.route_configs, ["by-rds"]);
    assert_eq!(client.route_configs().next().unwrap().name, "inline");
}

#[test]
fn routes_tell_match_and_destination() {
    let json = r#"{"config":[{"genericXdsConfigs":[{"xdsConfig":{
      "@type":"type.googleapis.com/envoy.config.route.v3.RouteConfiguration","name":"r","virtualHosts":[{"name":"v","domains":["*"],"routes":[
        {"match":{"path":"/a","caseSensitive":false},"route":{"weightedClusters":{"clusters":[{"name":"x","weight":90},{"name":"y","weight":10}]}}},
        {"match":{"safeRegex":{"regex":"/b.*"},"headers":[{"name":"x-env","stringMatch":{"exact":"canary"}}]},"route":{"clusterHeader":"x-to"}},
        {"match":{"pathSeparatedPrefix":"/c"},"redirect":{}},
        {"match":{"prefix":"/"},"directResponse":{"status":404}}]}]}}]}]}"#;
    let status = from_json(json.as_bytes(), "j").unwrap();
    let config = status.clients[0].route_configs().next().unwrap();
    let routes = &config.virtual_hosts[0].routes;
    let words: Vec<&str> = routes.iter().map(|r| r.matches.as_str()).collect();
    assert_eq!(
        words,
        [
            "path /a (any case)",
            "regex /b.*, header x-env is canary",
            "path at or below /c",
            "prefix /"
        ]
    );
    assert_eq!(routes[0].clusters, [("x".to_owned(), 90), ("y".to_owned(), 10)]);
    assert_eq!(routes[1].cluster_header.as_deref(), Some("x-to"));
    assert_eq!(routes[2].action, Action::Redirect);
    assert_eq!(routes[3].action, Action::DirectResponse(404));
    assert!(routes[2].clusters.is_empty() && routes[3].clusters.is_empty());
}

#[test]
fn endpoints_that_are_listed_elsewhere_do_not_look_like_none() {
    use endpoint::locality_lb_endpoints::LbConfig;
    let message = endpoint::ClusterLoadAssignment {
        cluster_name: "c".into(),
        endpoints: vec![endpoint::LocalityLbEndpoints {
            lb_config: Some(LbConfig::LedsClusterLocalityConfig(Default::default())),
            ..Default::default()
        }],
        ..Default::default()
    };
    let client = with(pack_any(message), "c").unwrap();
    assert!(client.assignment("c").unwrap().partly_elsewhere);
}

#[test]
fn endpoints_are_found_by_the_name_that_the_cluster_asks_for() {
    use envoy_types::pb::envoy::config::cluster::v3::cluster::{ClusterDiscoveryType, EdsClusterConfig};
    let cluster = PbCluster {
        name: "c".into(),
        cluster_discovery_type: Some(ClusterDiscoveryType::Type(3)),
        eds_cluster_config: Some(EdsClusterConfig {
            service_name: "other".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let assignment = endpoint::ClusterLoadAssignment {
        cluster_name: "other".into(),
        ..Default::default()
    };
    let configs =
        [pack_any(cluster), pack_any(assignment)].map(|payload| status::client_config::GenericXdsConfig {
            xds_config: Some(payload),
            ..Default::default()
        });
    let client = answer(configs.into()).unwrap();
    assert_eq!(client.assignment("c").unwrap().cluster_name, "other");
}

#[test]
fn domains_match_in_envoys_order() {
    let virtual_host = |name: &str, domains: &[&str]| VirtualHost {
        name: name.into(),
        domains: domains.iter().map(|&d| d.into()).collect(),
        ..VirtualHost::default()
    };
    let config = RouteConfig {
        virtual_hosts: vec![
            virtual_host("any", &["*"]),
            virtual_host("prefix", &["shop.*", "shop.prod.*"]),
            virtual_host("suffix", &["*.mesh"]),
            virtual_host("longer-suffix", &["*-eu.prod.mesh"]),
            virtual_host("exact", &["Shop.prod.mesh", "shop.prod.mesh:80"]),
        ],
        ..RouteConfig::default()
    };
    let found = |host| config.find_virtual_host(host).unwrap().name.as_str();
    assert_eq!(found("shop.PROD.mesh"), "exact");
    assert_eq!(found("shop.prod.mesh:80"), "exact");
    assert_eq!(found("shop-eu.prod.mesh"), "longer-suffix");
    assert_eq!(found("-eu.prod.mesh"), "suffix");
    assert_eq!(found("shop.prod.mesh:8080"), "prefix");
    assert_eq!(found(".mesh"), "any");
    let narrow = RouteConfig {
        virtual_hosts: config.virtual_hosts[1..].to_vec(),
        ..RouteConfig::default()
    };
    assert!(narrow.find_virtual_host("elsewhere.example").is_none());
}

#[test]
fn unknown_types_are_kept_by_name() {
    let any = Any {
        type_url: "type.googleapis.com/acme.v1.Widget".into(),
        value: vec![8, 1],
    };
    let binary = with(any, "w").unwrap();
    let json = br#"{"config":[{"node":{"id":"projects/1/networks/mesh:m/nodes/n"},"genericXdsConfigs":[
        {"typeUrl":"type.googleapis.com/acme.v1.Widget","name":"w",
         "xdsConfig":{"@type":"type.googleapis.com/acme.v1.Widget","size":1}}]}]}"#;
    let json = from_json(json, "j").unwrap().clients.remove(0);
    assert_eq!(binary, json);
    let widget = &json.resources[0];
    assert_eq!(
        (&widget.kind, widget.content.as_ref()),
        (&Kind::Other("Widget".into()), &Content::Opaque)
    );
    assert_eq!(&*widget.name, "w");
}

#[test]
fn an_unknown_type_inside_a_known_one_does_no_harm() {
    let json = br#"[{"config":[{"node":{"id":"n","metadata":{"@type":"acme/Thing"}},"generic_xds_configs":[{"new_field":1,
        "xds_config":{"@type":"type.googleapis.com/envoy.config.listener.v3.Listener","name":"l",
          "api_listener":{"api_listener":{"@type":"type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "rds":{"route_config_name":"r"},
            "http_filters":[{"name":"x","typed_config":{"@type":"type.googleapis.com/acme.v1.Filter","deep":{"@type":"acme/Thing"}}},
                            {"name":"y","typed_config":{"@type":"type.googleapis.com/google.protobuf.Struct"}}]}}}}]}]}]"#;
    let client = from_json(json, "j").unwrap().clients.remove(0);
    let (name, listener) = client.listeners().next().unwrap();
    assert_eq!(
        (name, listener.route_configs.as_slice()),
        ("l", ["r".to_owned()].as_slice())
    );
    assert_eq!(client.metadata["@type"], "acme/Thing");
}

#[test]
fn a_broken_resource_is_named_with_its_client() {
    let broken = Any {
        value: vec![0x0a, 0x7f],
        ..pack_any(PbCluster::default())
    };
    let text = with(broken, "c1").unwrap_err().to_string();
    for part in [
        "test:",
        "nodes/n",
        "\"c1\"",
        "envoy.config.cluster.v3.Cluster",
        "remedy:",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let json = br#"{"config":[{"node":{"id":"n7"},"genericXdsConfigs":[{"name":"c1",
        "xdsConfig":{"@type":"type.googleapis.com/envoy.config.cluster.v3.Cluster","name":5}}]}]}"#;
    let text = refusal(from_json(json, "j"));
    for part in ["\"n7\"", "\"c1\"", "config[0].genericXdsConfigs[0]", "remedy:"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn an_empty_answer_means_that_no_client_is_connected() {
    assert!(from_binary(&b""[..], "b").unwrap().clients.is_empty());
    for json in ["{}", "[]", r#"{"config":[]}"#, r#"{"config":null}"#] {
        assert!(
            from_json(json.as_bytes(), "j").unwrap().clients.is_empty(),
            "{json}"
        );
    }
}

#[test]
fn single_clients_lists_and_streams_of_answers_are_taken() {
    for json in [
        r#"{"node":{"id":"a"}}"#,
        r#"[{"config":[{"node":{"id":"a"}}]},{"config":[]}]"#,
        "{\"config\":[]}\n{\"config\":[{\"node\":{\"id\":\"a\"}}]}",
    ] {
        let status = from_json(json.as_bytes(), "j").unwrap();
        let ids: Vec<&str> = status.clients.iter().map(|c| c.node_id.as_str()).collect();
        assert_eq!(ids, ["a"], "{json}");
    }
}

#[test]
fn what_is_no_answer_is_refused_with_a_remedy() {
    // Field 15 with a number: protobuf skips it, and nothing is left.
    for bytes in [
        &[0x78, 1][..],
        &[0x0a, 2, 0x78, 1],
        b"{\"config\": []}",
        &[0xff; 9],
        b"\x00\x00\x00\x00\x02\x0a\x00",
    ] {
        assert!(refusal(from_binary(bytes, "b")).contains("remedy:"), "{bytes:?}");
    }
    let deep = "[".repeat(100_000);
    for json in [
        "",
        "5",
        "{\"items\":[]}",
        "{\"config\":{}}",
        "{\"config\":[{\"name\":1}]}",
        "{\"error\":{\"code\":403}}",
        &deep,
    ] {
        assert!(refusal(from_json(json.as_bytes(), "j")).contains("remedy:"));
    }
    assert!(refusal(from_json(b"{\n \"config\": [}", "j")).starts_with("j:2:13: "));
    let nested = format!(
        "{{\"node\":{{\"metadata\":{}1{}}}}}",
        "{\"a\":".repeat(110),
        "}".repeat(110)
    );
    refusal(from_json(nested.as_bytes(), "j"));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = from_binary(bytes.clone(), "b");
        let _ = from_json(&bytes, "j");
    }

    #[test]
    fn a_damaged_answer_never_panics(at in 0usize..2000, byte: u8, cut in 0usize..2000) {
        let mut bytes = file("old-form", "binpb");
        let (at, cut) = (at % bytes.len(), cut % bytes.len());
        bytes[at] = byte;
        let _ = from_binary(bytes.clone(), "b");
        let _ = from_binary(bytes[..cut].to_vec(), "b");
    }
}
