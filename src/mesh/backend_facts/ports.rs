//! Ports of a Service: which ones routes use, what they lead to, and what the pods declare.
use super::Routed;
use super::pods::own_containers;
use crate::k8s::core::{Pod, Service, ServicePort, TargetPort};
use crate::mesh::facts::{BackendPort, Fact};
use std::collections::BTreeSet;

/// Ports that the pods' own containers declare; the sidecar's are not the application's.
pub fn declared(pods: &[&Pod]) -> BTreeSet<u16> {
    let own = pods.iter().flat_map(|p| own_containers(p));
    own.flat_map(|c| &c.ports).map(|p| p.container_port).collect()
}

/// Whether the pod's first container, which is the application by custom, declares no port: it may listen on any then, whatever its
/// helpers declare.
fn main_declares_none(pod: &Pod) -> bool {
    own_containers(pod).next().is_none_or(|c| c.ports.is_empty())
}

pub fn used(
    service: &Service,
    routed: &Routed,
    pods: &[&Pod],
    known: bool,
    unread: &str,
) -> Vec<BackendPort> {
    let ports = &service.spec.ports;
    let only = if let [only] = ports.as_slice() {
        Some(only.port)
    } else {
        None
    };
    let numbers = declared(pods);
    let silent = pods.iter().any(|p| main_declares_none(p));
    let mut used = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let wanted =
            routed.ports.contains(&port.port) || (routed.ports.contains(&0) && only == Some(port.port));
        if !wanted {
            continue;
        }
        let (target, number) = target(port, pods);
        let declared = match &port.target_port {
            _ if !known => Fact::Unknown(unread.to_owned()),
            _ if pods.is_empty() => Fact::unknown("no pod is there to declare a port"),
            Some(TargetPort::Name(_)) => Fact::Known(number != 0),
            _ => Fact::Known(silent || numbers.contains(&number)),
        };
        used.push(BackendPort {
            port: i64::from(port.port),
            name: port.name.clone(),
            target,
            target_number: i64::from(number),
            declared,
            http: is_http(port),
            index: i64::try_from(index).unwrap_or_default(),
        });
    }
    used
}

/// The target port as written, and the number that the pods give it: 0 for a name that no container has.
fn target(port: &ServicePort, pods: &[&Pod]) -> (String, u16) {
    match &port.target_port {
        None => (port.port.to_string(), port.port),
        Some(TargetPort::Number(number)) => (number.to_string(), *number),
        Some(TargetPort::Name(name)) => {
            let mut ports = pods.iter().flat_map(|p| own_containers(p)).flat_map(|c| &c.ports);
            (
                name.clone(),
                ports.find(|p| p.name == *name).map_or(0, |p| p.container_port),
            )
        }
    }
}

/// Source: istio.io, protocol selection: appProtocol, else the name up to its first dash.
fn is_http(port: &ServicePort) -> bool {
    const HTTP: [&str; 6] = ["http", "http2", "https", "grpc", "grpc-web", "kubernetes.io/h2c"];
    let name = port.name.split('-').next().unwrap_or_default();
    HTTP.contains(&port.app_protocol.to_ascii_lowercase().as_str())
        || (port.app_protocol.is_empty() && HTTP.contains(&name))
}

pub fn container_port_name(pod: &Pod, number: u16) -> Option<&str> {
    let mut ports = own_containers(pod).flat_map(|c| &c.ports);
    ports
        .find(|p| p.container_port == number && !p.name.is_empty())
        .map(|p| p.name.as_str())
}
