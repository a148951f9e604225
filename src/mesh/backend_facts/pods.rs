//! What a pod says of itself: ready or why not, a sidecar or none, its own containers.
use crate::k8s::core::{Container, Pod};
use crate::mesh::facts::UnreadyPod;

pub fn is_ready(pod: &Pod) -> bool {
    pod.status
        .conditions
        .iter()
        .any(|c| c.kind == "Ready" && c.status == "True")
}

/// Whether it carries a sidecar: a container, or an init container that keeps running (a native sidecar).
pub fn has_sidecar(pod: &Pod) -> bool {
    pod.spec
        .containers
        .iter()
        .chain(&pod.spec.init_containers)
        .any(|c| c.name == "istio-proxy")
}

/// Whether it carries none though it would get one where its namespace asks for them.
/// Source: istio.io, sidecar injection: the pod's own label, or annotation of old, and hostNetwork go before.
pub fn lacks_sidecar(pod: &Pod) -> bool {
    let key = "sidecar.istio.io/inject";
    let own = pod
        .metadata
        .labels
        .get(key)
        .or_else(|| pod.metadata.annotations.get(key));
    !has_sidecar(pod) && !pod.spec.host_network && own.is_none_or(|word| word == "true")
}

/// Why a pod is not ready, in Kubernetes' own words.
pub fn unready(pod: &Pod) -> UnreadyPod {
    let waiting = pod
        .status
        .container_statuses
        .iter()
        .filter(|c| !c.ready)
        .find_map(|c| {
            let reason = c.state.waiting.as_ref().or(c.state.terminated.as_ref())?;
            Some(match reason.message.as_str() {
                "" => reason.reason.clone(),
                message => format!("{}: {message}", reason.reason),
            })
        });
    let condition = || {
        let wrong = pod
            .status
            .conditions
            .iter()
            .find(|c| c.status == "False" && !c.reason.is_empty())?;
        let words = if wrong.message.is_empty() {
            String::new()
        } else {
            format!(": {}", wrong.message)
        };
        Some(format!("{}{words}", wrong.reason))
    };
    let phase = || match (pod.status.phase.as_str(), pod.status.reason.as_str()) {
        ("Running", _) => "running, but its readiness probe does not succeed".to_owned(),
        (phase, "") => phase.to_owned(),
        (phase, reason) => format!("{phase}: {reason}"),
    };
    UnreadyPod {
        pod: pod.metadata.name.clone(),
        reason: waiting.or_else(condition).unwrap_or_else(phase),
    }
}

pub fn own_containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    let native = pod.spec.init_containers.iter().filter(|c| !c.ports.is_empty());
    pod.spec
        .containers
        .iter()
        .chain(native)
        .filter(|c| c.name != "istio-proxy")
}
