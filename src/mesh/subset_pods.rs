//! How many pods a route's subset leaves of its Service's.
use super::backend_facts::is_ready;
use super::clusters::Cluster;
use super::facts::{Destination, Fact};
use crate::k8s::core::{Pod, Service};
use crate::k8s::istio::{DestinationRule, Subset};
use std::collections::BTreeMap;

pub fn count(
    facts: &mut Destination,
    cluster: &Cluster,
    service: Option<&Service>,
    rules: &BTreeMap<String, Vec<&DestinationRule>>,
) {
    let own = rules.get(&facts.fqdn).into_iter().flatten();
    let of_name = own
        .flat_map(|rule| &rule.spec.subsets)
        .filter(|subset| subset.name == facts.subset);
    let subsets: Vec<&Subset> = of_name.collect();
    if let Some(subset) = subsets.first() {
        let labels: Vec<String> = subset.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
        facts.subset_labels = labels.join(",");
    }
    let Some(service) = service.filter(|_| cluster.k8s.is_some_and(|k| k.pods.is_had())) else {
        let why = format!(
            "the Service or the pods of {} were not collected",
            cluster.membership
        );
        for fact in [
            &mut facts.subset_pods,
            &mut facts.subset_ready_pods,
            &mut facts.service_ready_pods,
        ] {
            *fact = Fact::Unknown(why.clone());
        }
        return;
    };
    let all = cluster
        .pods
        .select(&service.metadata.namespace, &service.spec.selector);
    // Of several definitions of one name any may hold.
    let within = |pod: &&&Pod| {
        subsets.is_empty()
            || subsets
                .iter()
                .any(|subset| pod.metadata.labels.contain(&subset.labels))
    };
    let number = |pods: usize| Fact::Known(i64::try_from(pods).unwrap_or(i64::MAX));
    facts.subset_pods = number(all.iter().filter(within).count());
    facts.subset_ready_pods = number(all.iter().filter(within).filter(|pod| is_ready(pod)).count());
    facts.service_ready_pods = number(all.iter().filter(|pod| is_ready(pod)).count());
}
