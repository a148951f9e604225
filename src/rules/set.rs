//! All rules: the built-in ones, and those that a user adds or replaces by code.
use super::{Rule, RuleError, compile, template};
use include_dir::{Dir, include_dir};
use minijinja::Environment;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

static BUILT_IN: Dir = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// The rules of a run, by code.
pub struct RuleSet {
    pub rules: Vec<Rule>,
    pub environment: Environment<'static>,
}

impl RuleSet {
    /// The built-in rules.
    pub fn built_in() -> Result<Self, Vec<RuleError>> {
        Self::with(&[])
    }

    /// The built-in rules, and those of the folders: a code that is there already is replaced.
    pub fn with(folders: &[&Path]) -> Result<Self, Vec<RuleError>> {
        let environment = template::environment();
        let mut rules = BTreeMap::new();
        let mut problems = Vec::new();
        for (path, yaml) in built_in_files() {
            add(&path, &yaml, &environment, &mut rules, &mut problems);
        }
        for folder in folders {
            let mut own = BTreeMap::new();
            let files = files_of(folder).map_err(|error| vec![error])?;
            if files.is_empty() {
                problems.push(RuleError::new(
                    &folder.display().to_string(),
                    (0, 0),
                    "holds no rule file",
                    "rule files end in .yaml",
                ));
            }
            for (path, yaml) in files {
                add(&path, &yaml, &environment, &mut own, &mut problems);
            }
            rules.extend(own);
        }
        let rules: Vec<Rule> = rules.into_values().collect();
        problems.extend(super::lint::across(&rules));
        if problems.is_empty() {
            Ok(Self { rules, environment })
        } else {
            Err(problems)
        }
    }

    pub fn get(&self, code: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.code() == code)
    }
}

fn add(
    path: &str,
    yaml: &str,
    environment: &Environment<'static>,
    rules: &mut BTreeMap<String, Rule>,
    problems: &mut Vec<RuleError>,
) {
    match compile::compile(path, yaml, environment) {
        Ok(rule) => {
            let code = rule.code().to_owned();
            let at = template::place(&rule.file.code);
            if let Some(other) = rules.insert(code.clone(), rule) {
                problems.push(RuleError::new(
                    path,
                    at,
                    format!("{code} is also in {}", other.origin),
                    "give one of them another code",
                ));
            }
        }
        Err(found) => problems.extend(found),
    }
}

fn built_in_files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in BUILT_IN.dirs() {
        for file in folder.files() {
            if let Some(yaml) = file.contents_utf8() {
                files.push((format!("rules/{}", file.path().display()), yaml.to_owned()));
            }
        }
    }
    files
}

/// Every `.yaml` of a folder and its folders.
fn files_of(folder: &Path) -> Result<Vec<(String, String)>, RuleError> {
    let refuse = |path: &Path, error: std::io::Error| {
        RuleError::new(
            &path.display().to_string(),
            (0, 0),
            error.to_string(),
            "name a folder of rule files",
        )
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| refuse(folder, e))? {
        let path = entry.map_err(|e| refuse(folder, e))?.path();
        if path.is_dir() {
            files.extend(files_of(&path)?);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            let yaml = fs::read_to_string(&path).map_err(|e| refuse(&path, e))?;
            files.push((path.display().to_string(), yaml));
        }
    }
    files.sort();
    Ok(files)
}
