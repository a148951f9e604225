//! gcloud's active configuration, read and never written: its environment variables first, then its files.
//! Source: <https://cloud.google.com/sdk/gcloud/reference/topic/configurations>.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What gcloud would use.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Active {
    pub project: Option<String>,
    /// Of Cloud Run, else of Compute Engine.
    pub region: Option<String>,
    pub account: Option<String>,
    /// The account to impersonate.
    pub impersonate: Option<String>,
    pub quota_project: QuotaProject,
}

/// The project that quota is billed to. Credentials may name one too, which goes before gcloud's property and after the variable.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct QuotaProject {
    pub variable: Option<String>,
    pub property: Option<String>,
}

/// The active configuration of this process.
pub fn active() -> Active {
    let variable = |name: &str| std::env::var(name).ok();
    from(&variable, std::env::home_dir().as_deref())
}

fn from(variable: &dyn Fn(&str) -> Option<String>, home: Option<&Path>) -> Active {
    let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let folder = set("CLOUDSDK_CONFIG")
        .map(PathBuf::from)
        .or_else(|| Some(home?.join(".config/gcloud")));
    let properties = folder.map(|folder| properties(&folder, set("CLOUDSDK_ACTIVE_CONFIG_NAME")));
    let property = |key: &str| {
        let (section, name) = key.split_once('/')?;
        let variable = format!("CLOUDSDK_{}_{}", section.to_uppercase(), name.to_uppercase());
        set(&variable).or_else(|| properties.as_ref()?.get(key).cloned())
    };
    Active {
        project: property("core/project").or_else(|| set("GOOGLE_CLOUD_PROJECT")),
        region: property("run/region").or_else(|| property("compute/region")),
        account: property("core/account"),
        impersonate: property("auth/impersonate_service_account"),
        quota_project: QuotaProject {
            variable: set("GOOGLE_CLOUD_QUOTA_PROJECT"),
            // Words that stand for a choice name no project.
            property: property("billing/quota_project")
                .filter(|p| !["CURRENT_PROJECT", "LEGACY"].contains(&p.as_str())),
        },
    }
}

/// `section/key` to value, from the active configuration's file.
fn properties(folder: &Path, named: Option<String>) -> BTreeMap<String, String> {
    let name = named
        .or_else(|| fs::read_to_string(folder.join("active_config")).ok())
        .unwrap_or_else(|| "default".into());
    let name = name.trim();
    if name.contains(['/', '\\']) {
        return BTreeMap::new();
    }
    let file = folder.join("configurations").join(format!("config_{name}"));
    ini(&fs::read_to_string(file).unwrap_or_default())
}

fn ini(text: &str) -> BTreeMap<String, String> {
    let mut section = String::new();
    let mut values = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name.trim().clone_into(&mut section);
        } else if !line.starts_with(['#', ';'])
            && let Some((key, value)) = line.split_once('=')
            && !value.trim().is_empty()
        {
            values.insert(format!("{section}/{}", key.trim()), value.trim().to_owned());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn variables_come_before_the_active_configurations_file() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".config/gcloud/configurations");
        fs::create_dir_all(&folder).unwrap();
        fs::write(home.path().join(".config/gcloud/active_config"), "work\n").unwrap();
        let text = "[core]\nproject = from-file\naccount = a@example.com\n# x = y\n[compute]\nregion = europe-west1\n";
        fs::write(folder.join("config_work"), text).unwrap();

        let none = |_: &str| None;
        let active = from(&none, Some(home.path()));
        assert_eq!(active.project.as_deref(), Some("from-file"));
        assert_eq!(active.region.as_deref(), Some("europe-west1"));
        assert_eq!(active.account.as_deref(), Some("a@example.com"));

        let some = |name: &str| (name == "CLOUDSDK_CORE_PROJECT").then(|| "from-variable".to_owned());
        assert_eq!(
            from(&some, Some(home.path())).project.as_deref(),
            Some("from-variable")
        );
    }
}
