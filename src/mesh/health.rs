//! What health checks say of endpoints: `getHealth`'s answers by address, to be joined with what Traffic Director says of them.
use super::facts::HealthCheck;
use crate::gcp::compute::GroupHealth;
use crate::snapshot::Snapshot;
use crate::xds::Endpoint;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Of one endpoint: project, backend service, state.
type Said<'s> = (&'s str, &'s str, &'s str);

/// All that was collected. A cluster's name tells no backend service: the addresses do.
#[derive(Debug, Default)]
pub struct HealthChecks<'s>(BTreeMap<(IpAddr, u32), Vec<Said<'s>>>);

impl<'s> HealthChecks<'s> {
    pub fn new(snapshot: &'s Snapshot) -> Self {
        let mut by_address: BTreeMap<_, Vec<Said>> = BTreeMap::new();
        for (project, compute) in &snapshot.compute {
            for (service, groups) in &compute.health {
                for endpoint in groups.iter().flat_map(GroupHealth::endpoints) {
                    let state = match endpoint.health_state.as_str() {
                        "" => "UNKNOWN",
                        state => state,
                    };
                    if let Ok(address) = endpoint.ip_address.parse() {
                        let said = by_address.entry((address, endpoint.port)).or_default();
                        said.push((project.as_str(), service, state));
                    }
                }
            }
        }
        Self(by_address)
    }

    /// What is said of some endpoints, by backend service.
    pub fn of(&self, endpoints: &[Endpoint]) -> Vec<HealthCheck> {
        let mut counted: BTreeMap<(&str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
        let known = |endpoint: &Endpoint| self.0.get(&(endpoint.address.parse().ok()?, endpoint.port));
        for (project, service, state) in endpoints.iter().filter_map(known).flatten() {
            let states = counted.entry((project, service)).or_default();
            *states.entry(state).or_default() += 1;
        }
        let counted = counted.into_iter();
        counted
            .map(|((project, service), states)| HealthCheck {
                project: project.to_owned(),
                backend_service: service.to_owned(),
                health: states
                    .into_iter()
                    .map(|(state, count)| format!("{count} {state}"))
                    .collect::<Vec<_>>()
                    .join(", "),
            })
            .collect()
    }
}
