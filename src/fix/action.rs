//! The kinds of action and their fields. Every text may hold a template until it is filled in.
use super::texts::{Items, text, text_map};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One step of a fix. In YAML: a mapping with `kind` (`iam_binding_add`, …) and the fields of that kind.
/// An optional field that is empty counts as not given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    IamBindingAdd(IamBindingAdd),
    ApiEnable(ApiEnable),
    K8sPatch(K8sPatch),
    K8sCreate(K8sCreate),
    K8sLabel(K8sLabel),
    RunUpdate(RunUpdate),
    DnsZoneCreate(DnsZoneCreate),
    DnsZoneAttachNetwork(DnsZoneAttachNetwork),
    DnsRecordSet(DnsRecordSet),
    FirewallAllow(FirewallAllow),
    Manual(Manual),
}

/// Declares one kind's fields: texts that are required, texts that may be empty, and the rest.
macro_rules! action {
    ($(#[$doc:meta])* $name:ident {
        required { $($(#[$rdoc:meta])* $required:ident),* $(,)? }
        optional { $($(#[$odoc:meta])* $optional:ident),* $(,)? }
        lists { $($(#[$ldoc:meta])* $list:ident),* $(,)? }
        maps { $($(#[$mdoc:meta])* $map:ident),* $(,)? }
        choices { $($(#[$cdoc:meta])* $choice:ident: $type:ty),* $(,)? }
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$rdoc])* #[serde(deserialize_with = "text")] pub $required: String,)*
            $($(#[$odoc])*
            #[serde(default, deserialize_with = "text", skip_serializing_if = "String::is_empty")]
            pub $optional: String,)*
            $($(#[$ldoc])* #[serde(default, skip_serializing_if = "Items::is_empty")] pub $list: Items,)*
            $($(#[$mdoc])*
            #[serde(default, deserialize_with = "text_map", skip_serializing_if = "BTreeMap::is_empty")]
            pub $map: BTreeMap<String, String>,)*
            $($(#[$cdoc])* #[serde(default)] pub $choice: $type,)*
        }

        impl $name {
            /// Required texts with their names.
            #[allow(unused_mut, clippy::vec_init_then_push)]
            fn required_mut(&mut self) -> Vec<(&'static str, &mut String)> {
                vec![$((stringify!($required), &mut self.$required),)*]
            }

            fn texts_mut(&mut self) -> Vec<&mut String> {
                #[allow(unused_mut)]
                let mut texts: Vec<&mut String> = vec![$(&mut self.$required,)* $(&mut self.$optional,)*];
                $(texts.extend(self.$list.0.iter_mut());)*
                $(texts.extend(self.$map.values_mut());)*
                texts
            }
        }
    };
}

action! {
    /// Gives a role to a principal.
    IamBindingAdd {
        required {
            /// The project, also that of a subnetwork or service account.
            project,
            /// `serviceAccount:…`, `user:…`, `group:…`.
            member,
            role,
        }
        optional {
            /// Folder or organization number, subnetwork name, service account address; not for a project.
            resource,
            /// Of a subnetwork.
            region,
        }
        lists {}
        maps {
            /// `title`, `expression` and `description` of a condition; empty for none.
            condition,
        }
        choices {
            /// What the binding is put on.
            resource_kind: IamResource,
        }
    }
}

action! {
    /// Enables a Google API, such as `trafficdirector.googleapis.com`.
    ApiEnable { required { project, api } optional {} lists {} maps {} choices {} }
}

action! {
    /// Patches one Kubernetes object.
    K8sPatch {
        required {
            membership,
            /// As kubectl takes it: `virtualservice`, `service`, …
            resource,
            name,
            /// JSON or YAML: an object for merge and strategic, a list of operations for json.
            patch,
        }
        optional {
            /// The membership's location.
            location,
            /// A kubeconfig context; the current one where empty.
            context,
            namespace,
        }
        lists {}
        maps {}
        choices { patch_type: PatchType }
    }
}

action! {
    /// Applies a manifest (one or more YAML documents).
    K8sCreate {
        required { membership, manifest }
        optional { location, context }
        lists {}
        maps {}
        choices {}
    }
}

action! {
    /// Sets and removes labels of one Kubernetes object.
    K8sLabel {
        required { membership, resource, name }
        optional { location, context, namespace }
        lists {
            /// Keys to remove.
            remove,
        }
        maps { labels }
        choices {}
    }
}

action! {
    /// Changes a Cloud Run service; what is empty stays as it is.
    RunUpdate {
        required { service, project, region }
        optional {
            /// `projects/P/locations/global/meshes/M`.
            mesh,
            /// A name, or `projects/P/global/networks/N` where it is another project's.
            network,
            subnet,
            /// `all-traffic` or `private-ranges-only`; the API's `ALL_TRAFFIC` will do too.
            egress,
            service_account,
            /// `gen1` or `gen2`; the API's `EXECUTION_ENVIRONMENT_GEN2` will do too.
            execution_environment,
            min_instances,
        }
        lists {
            /// `latest`, or `REVISION=PERCENT` each.
            traffic,
        }
        maps {}
        choices {}
    }
}

action! {
    /// Creates a private managed zone.
    DnsZoneCreate {
        required { project, zone, dns_name }
        optional { description }
        lists {
            /// Names, `projects/P/global/networks/N` or URLs.
            networks,
        }
        maps {}
        choices {}
    }
}

action! {
    /// Makes a private zone visible to networks.
    DnsZoneAttachNetwork {
        required { project, zone }
        optional {}
        lists {
            /// The full list after the change: the API replaces the old one.
            networks,
        }
        maps {}
        choices {}
    }
}

action! {
    /// Creates or replaces a record set.
    DnsRecordSet {
        required { project, zone, name }
        optional {
            /// `A` where empty.
            r#type,
            /// Seconds; 300 where empty.
            ttl,
            /// The type of the record set that stands there now; empty where there is none.
            replaces,
        }
        lists { rrdatas }
        maps {}
        choices {}
    }
}

action! {
    /// Creates a firewall rule that lets traffic in.
    FirewallAllow {
        required { project, network, name }
        optional { priority }
        lists {
            source_ranges,
            /// `8080`, `8000-8100` (of TCP), or with their protocol: `udp:53`.
            ports,
            target_tags,
        }
        maps {}
        choices {}
    }
}

action! {
    /// What a person has to do, in words.
    Manual {
        required { text }
        optional {
            /// Commands that help, one a line.
            command,
            /// The cluster that they are for.
            membership,
        }
        lists {}
        maps {}
        choices {}
    }
}

/// What an IAM binding is put on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IamResource {
    #[default]
    Project,
    Folder,
    Organization,
    Subnetwork,
    ServiceAccount,
}

/// How a patch is merged. `strategic` is not served for custom resources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatchType {
    #[default]
    Merge,
    Json,
    Strategic,
}

impl Action {
    /// The kind, as the report and the rule files write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::IamBindingAdd(_) => "iam_binding_add",
            Self::ApiEnable(_) => "api_enable",
            Self::K8sPatch(_) => "k8s_patch",
            Self::K8sCreate(_) => "k8s_create",
            Self::K8sLabel(_) => "k8s_label",
            Self::RunUpdate(_) => "run_update",
            Self::DnsZoneCreate(_) => "dns_zone_create",
            Self::DnsZoneAttachNetwork(_) => "dns_zone_attach_network",
            Self::DnsRecordSet(_) => "dns_record_set",
            Self::FirewallAllow(_) => "firewall_allow",
            Self::Manual(_) => "manual",
        }
    }

    /// The cluster that its commands are for; empty where there is none.
    pub fn membership(&self) -> &str {
        match self {
            Self::K8sPatch(action) => &action.membership,
            Self::K8sCreate(action) => &action.membership,
            Self::K8sLabel(action) => &action.membership,
            Self::Manual(action) => &action.membership,
            _ => "",
        }
    }

    /// Writes the field's name in capitals where a value that the command needs came out empty; the names of those fields.
    pub fn mark_missing(&mut self) -> Vec<&'static str> {
        let lists: Vec<(&'static str, &mut Items)> = match self {
            Self::DnsRecordSet(action) => vec![("rrdatas", &mut action.rrdatas)],
            Self::DnsZoneAttachNetwork(action) => vec![("networks", &mut action.networks)],
            Self::DnsZoneCreate(action) => vec![("networks", &mut action.networks)],
            Self::FirewallAllow(action) => {
                vec![
                    ("source_ranges", &mut action.source_ranges),
                    ("ports", &mut action.ports),
                ]
            }
            _ => Vec::new(),
        };
        let mut missing = Vec::new();
        for (name, list) in lists.into_iter().filter(|(_, list)| list.is_empty()) {
            *list = Items(vec![name.to_ascii_uppercase()]);
            missing.push(name);
        }
        for (name, text) in self.required_mut() {
            // `serviceAccount:` without an account names nobody.
            let empty = text.trim().is_empty() || (name == "member" && text.ends_with(':'));
            // No command holds the membership: it says which cluster a command is for.
            if empty && name != "membership" {
                text.push_str(&name.to_ascii_uppercase());
                missing.push(name);
            }
        }
        missing
    }

    fn required_mut(&mut self) -> Vec<(&'static str, &mut String)> {
        match self {
            Self::IamBindingAdd(action) => action.required_mut(),
            Self::ApiEnable(action) => action.required_mut(),
            Self::K8sPatch(action) => action.required_mut(),
            Self::K8sCreate(action) => action.required_mut(),
            Self::K8sLabel(action) => action.required_mut(),
            Self::RunUpdate(action) => action.required_mut(),
            Self::DnsZoneCreate(action) => action.required_mut(),
            Self::DnsZoneAttachNetwork(action) => action.required_mut(),
            Self::DnsRecordSet(action) => action.required_mut(),
            Self::FirewallAllow(action) => action.required_mut(),
            Self::Manual(action) => action.required_mut(),
        }
    }

    /// Every text that may hold a template, to be filled in in place.
    pub fn texts_mut(&mut self) -> Vec<&mut String> {
        match self {
            Self::IamBindingAdd(action) => action.texts_mut(),
            Self::ApiEnable(action) => action.texts_mut(),
            Self::K8sPatch(action) => action.texts_mut(),
            Self::K8sCreate(action) => action.texts_mut(),
            Self::K8sLabel(action) => action.texts_mut(),
            Self::RunUpdate(action) => action.texts_mut(),
            Self::DnsZoneCreate(action) => action.texts_mut(),
            Self::DnsZoneAttachNetwork(action) => action.texts_mut(),
            Self::DnsRecordSet(action) => action.texts_mut(),
            Self::FirewallAllow(action) => action.texts_mut(),
            Self::Manual(action) => action.texts_mut(),
        }
    }
}
