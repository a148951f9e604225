//! The firewall policies that hold in each network, those of folders and of the organization too: `getEffectiveFirewalls`.
use super::NAME;
use crate::collect::Api;
use crate::collect::gather::Book;
use crate::collect::google::{Call, Listing, segment};
use futures_util::StreamExt;
use futures_util::stream;

/// Below `compute/PROJECT/`.
pub const FOLDER: &str = "effective-firewalls";

/// Source: compute.v1 `networks.getEffectiveFirewalls`, IAM permissions.
pub const PERMISSION: &str = "compute.networks.getEffectiveFirewalls";

/// Networks that are asked about, twice a project's usual quota, and how many at once: others are asked by the same API.
const MOST: usize = 30;
const AT_ONCE: usize = 4;

/// Asks of each network. All that comes is beside the firewall rules: where it does not come, those are judged alone.
pub async fn collect(book: &Book<'_>, project: &str, networks: &Listing) {
    let networks = names(networks);
    if networks.len() > MOST {
        book.note(format!(
            "the effective firewalls of {} more networks of {project} were not asked for",
            networks.len() - MOST
        ));
    }
    let asking = networks.into_iter().take(MOST).map(|network| async move {
        let path = format!(
            "compute/v1/projects/{}/global/networks/{}/getEffectiveFirewalls",
            segment(project),
            segment(&network)
        );
        let what = format!("get the effective firewalls of network {network} of {project}");
        let call = Call::get(Api::Compute, path, what)
            .needs(PERMISSION, format!("projects/{project}"))
            .extra(true);
        book.object(&call, &format!("{NAME}/{project}/{FOLDER}/{network}.json"))
            .await;
    });
    stream::iter(asking)
        .buffer_unordered(AT_ONCE)
        .collect::<()>()
        .await;
}

/// A name becomes a file's: nothing but what names of networks have.
fn names(networks: &Listing) -> Vec<String> {
    let value = networks.value();
    let items = value.get("items").and_then(|items| items.as_array());
    let mut names: Vec<String> = items
        .into_iter()
        .flatten()
        .filter_map(|network| network.get("name")?.as_str())
        .filter(|name| super::is_name(name))
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}
