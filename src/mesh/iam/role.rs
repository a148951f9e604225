//! What a role holds: predefined ones from the snapshot or the built-in table, custom ones by their permissions.
use super::builtin;
use super::hierarchy::project_entries;
use crate::gcp::iam::Role;
use crate::mesh::projects::Projects;
use crate::snapshot::{Collected, Snapshot};

/// Whether a role gives what is asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Holds {
    Yes,
    No,
    Unknown(String),
}

/// Looks roles up by name.
#[derive(Clone, Copy)]
pub struct Roles<'s> {
    pub snapshot: &'s Snapshot,
    pub projects: &'s Projects,
}

/// A role's permissions, as far as they are known.
enum Found<'s> {
    /// The role with its permissions.
    Known(&'s Role),
    /// A predefined role that the snapshot has no permissions of.
    Predefined,
    /// A custom role that is gone: it grants nothing.
    Gone,
    Unknown(String),
}

impl<'s> Roles<'s> {
    /// Whether the role includes the permission.
    pub fn includes(self, role: &str, permission: &str) -> Holds {
        match self.find(role) {
            Found::Known(known) => yes_if(has(known, permission)),
            Found::Predefined => yes_if(builtin::includes(role, permission)),
            Found::Gone => Holds::No,
            Found::Unknown(why) => Holds::Unknown(why),
        }
    }

    /// Whether holding `held` gives all that the predefined role `wanted` gives.
    pub fn covers(self, held: &str, wanted: &str) -> Holds {
        if builtin::covers(held, wanted) {
            return Holds::Yes;
        }
        let known = match self.find(held) {
            Found::Known(known) => known,
            Found::Predefined | Found::Gone => return Holds::No,
            Found::Unknown(why) => return Holds::Unknown(why),
        };
        if let Found::Known(wanted) = self.find(wanted) {
            return yes_if(wanted.included_permissions.iter().all(|p| has(known, p)));
        }
        match builtin::essentials(wanted) {
            Some(all) => yes_if(all.iter().all(|p| has(known, p))),
            None if held.starts_with("roles/") => Holds::No,
            None => Holds::Unknown(format!(
                "whether {held} includes all of {wanted} is not known (iam/predefined-roles.json was not collected)"
            )),
        }
    }

    fn find(self, name: &str) -> Found<'s> {
        if name.starts_with("roles/") {
            // No predefined role is empty: one without permissions was fetched without them.
            return self
                .snapshot
                .predefined_roles
                .items()
                .iter()
                .find(|r| r.name == name && !r.included_permissions.is_empty())
                .map_or(Found::Predefined, Found::Known);
        }
        let parts: Vec<&str> = name.split('/').collect();
        match parts.as_slice() {
            ["projects", project, "roles", id] => {
                let lists = project_entries(self.snapshot, self.projects, project).map(|(_, iam)| &iam.roles);
                custom(lists, id, name, &format!("projects/{project}"))
            }
            ["organizations", organization, "roles", id] => {
                let lists = self.snapshot.organizations.get(*organization).map(|o| &o.roles);
                custom(
                    lists.into_iter(),
                    id,
                    name,
                    &format!("organizations/{organization}"),
                )
            }
            _ => Found::Unknown(format!("{name} is not a role name that this version knows")),
        }
    }
}

/// A custom role from its parent's listing. Ids are compared, since the parent may be spelled by id or number.
fn custom<'s>(
    lists: impl Iterator<Item = &'s Collected<Vec<Role>>>,
    id: &str,
    name: &str,
    parent: &str,
) -> Found<'s> {
    let mut had = false;
    for list in lists {
        had |= list.is_had();
        if let Some(role) = list
            .items()
            .iter()
            .find(|r| r.name.rsplit('/').next() == Some(id))
        {
            // Source: iam.v1 Role: a deleted role, and one of stage DISABLED, is inactive in its bindings.
            let off = role.deleted || role.stage == "DISABLED";
            return if off { Found::Gone } else { Found::Known(role) };
        }
    }
    if had {
        // A listing leaves out deleted roles, and a binding outlives its role.
        return Found::Gone;
    }
    Found::Unknown(format!(
        "the custom role {name} was not collected (needs iam.roles.list on {parent})"
    ))
}

fn has(role: &Role, permission: &str) -> bool {
    role.included_permissions.iter().any(|p| p == permission)
}

fn yes_if(yes: bool) -> Holds {
    if yes { Holds::Yes } else { Holds::No }
}
