//! Rules as a user meets them: the repository's own hold, wrong ones are refused with place and remedy, own ones are taken in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Run, Sandbox, base, repository};
use meshdoctor::rules::{RuleSet, page};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// A rule in which nothing is wrong, line by line, for tests to spoil.
const RULE: &str = "\
code: XY101
name: sound
layer: routing
severity: warning
summary: \"{{ subject.service }} has an account\"
explanation: An example.
needs: [cloud-run/services]
for_each: mesh_client
when: subject.in_mesh && subject.service_account != ''
evidence:
  - source: cloud-run
    locator: \"{{ subject.service }}\"
    excerpt: \"{{ subject.service_account }}\"
fixes:
  - title: Do it
    actions:
      - kind: manual
        text: By hand.
references:
  - https://example.com/
";

/// The same over logs.
const LOG_RULE: &str = "\
code: XY102
name: logged
layer: dataplane
severity: warning
summary: It was logged
explanation: An example.
needs: [logging]
for_each: log
logs:
  - pattern: 'upstream connect error'
evidence:
  - source: logging
    locator: \"{{ subject.service }}\"
    excerpt: \"{{ subject.service }}\"
references:
  - https://example.com/
";

struct Rules {
    sandbox: Sandbox,
}

impl Rules {
    fn new() -> Self {
        Self {
            sandbox: Sandbox::new(),
        }
    }

    /// Writes a rule file below the folder `rules`.
    fn with(self, name: &str, yaml: &str) -> Self {
        self.sandbox.write(&format!("rules/{name}.yaml"), yaml);
        self
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.path("rules")
    }

    fn lint(&self) -> Run {
        let folder = self.folder();
        let fixtures = repository().join("fixtures");
        let [folder, fixtures] = [&folder, &fixtures].map(|path| path.to_str().unwrap());
        self.sandbox
            .run(["rules", "lint", "--rules", folder, "--fixtures", fixtures])
    }

    /// What is said of a set that is refused, with paths made relative.
    #[track_caller]
    fn refused(&self) -> String {
        let run = self.lint();
        assert_eq!(run.status, 2, "{}", run.said());
        let said = run
            .stderr
            .replace(&format!("{}/", self.folder().display()), "DIR/");
        said.replace(&format!("{}/", repository().display()), "")
    }
}

/// A sound rule with one line spoiled.
#[track_caller]
fn spoiled(from: &str, to: &str) -> String {
    let rule = [RULE, LOG_RULE]
        .into_iter()
        .find(|rule| rule.contains(from))
        .unwrap();
    let name = if rule == RULE {
        "XY101-sound"
    } else {
        "XY102-logged"
    };
    Rules::new().with(name, &rule.replace(from, to)).refused()
}

/// A message whose list of what is known grows, cut after the first of it.
fn before_comma(said: &str) -> &str {
    said.split(", ").next().unwrap()
}

fn repository_run(arguments: &[&str]) -> Run {
    let sandbox = Sandbox::new();
    common::finish(sandbox.program().current_dir(repository()).args(arguments))
}

#[test]
fn every_rule_of_the_repository_is_sound_and_has_its_fixtures() {
    let run = repository_run(&["rules", "lint"]);
    run.ended(0);
    assert!(run.stdout.ends_with(" rules, 0 problems\n"), "{}", run.said());
}

#[test]
fn every_fixture_of_the_repository_holds() {
    let run = repository_run(&["rules", "test"]);
    run.ended(0);
    let passed: usize = run.stdout.split(' ').next().unwrap().parse().unwrap();
    let fixtures: usize = fs::read_dir(repository().join("fixtures/rules"))
        .unwrap()
        .map(|rule| fs::read_dir(rule.unwrap().path()).unwrap().count())
        .sum();
    assert_eq!(passed, fixtures, "{}", run.said());
}

#[test]
fn the_examples_of_these_tests_lack_nothing_but_fixtures() {
    let rules = Rules::new()
        .with("XY101-sound", RULE)
        .with("XY102-logged", LOG_RULE);
    insta::assert_snapshot!(rules.refused(), @r##"
    error: DIR/XY101-sound.yaml:1:7: XY101 has no fixture fires.yaml
      remedy: write fixtures/rules/XY101/fires.yaml, or name the folder of fixtures with --fixtures
    error: DIR/XY101-sound.yaml:1:7: XY101 has no fixture near-miss.yaml
      remedy: write fixtures/rules/XY101/near-miss.yaml, or name the folder of fixtures with --fixtures
    error: DIR/XY102-logged.yaml:1:7: XY102 has no fixture fires.yaml
      remedy: write fixtures/rules/XY102/fires.yaml, or name the folder of fixtures with --fixtures
    error: DIR/XY102-logged.yaml:1:7: XY102 has no fixture near-miss.yaml
      remedy: write fixtures/rules/XY102/near-miss.yaml, or name the folder of fixtures with --fixtures
    "##);
}

#[test]
fn an_unknown_variable() {
    insta::assert_snapshot!(spoiled("when: subject.in_mesh", "when: mesh.in_mesh"), @r##"
    error: DIR/XY101-sound.yaml:9:7: unknown variable `mesh`
      remedy: did you mean `subject`? `meshdoctor rules show --facts mesh_client` prints the fields
    "##);
    insta::assert_snapshot!(spoiled("{{ subject.service }} has an", "{{ service }} has an"), @r##"
    error: DIR/XY101-sound.yaml:5:10: unknown variable `service`
      remedy: texts see `subject`, and `item` where the evidence has `each`
    "##);
}

#[test]
fn an_unknown_field_with_the_nearest_one() {
    insta::assert_snapshot!(spoiled("subject.in_mesh &&", "subject.in_meshh &&"), @r##"
    error: DIR/XY101-sound.yaml:9:15: unknown field `in_meshh` of `subject`
      remedy: did you mean `in_mesh`? `meshdoctor rules show --facts mesh_client` prints the fields
    "##);
    insta::assert_snapshot!(spoiled("excerpt: \"{{ subject.service_account }}\"", "excerpt: \"{{ subject.service_acount }}\""), @r##"
    error: DIR/XY101-sound.yaml:13:14: unknown field `service_acount` of `subject`
      remedy: did you mean `service_account`? `meshdoctor rules show --facts mesh_client` prints the fields
    "##);
}

#[test]
fn an_expression_that_is_none() {
    insta::assert_snapshot!(spoiled("when: subject.in_mesh &&", "when: subject.in_mesh & &"), @r##"
    error: DIR/XY101-sound.yaml:9:23: not an expression: Syntax error: token recognition error at: '& '
      remedy: see the CEL language: comparisons, && || !, and functions over the fields of `subject`
    "##);
}

#[test]
fn a_text_that_is_no_template() {
    insta::assert_snapshot!(spoiled("summary: \"{{ subject.service }}", "summary: \"{{ subject.service }"), @r##"
    error: DIR/XY101-sound.yaml:5:10: not a template: syntax error: unexpected `}`, expected end of variable block (in <string>:1)
      remedy: texts are minijinja templates: {{ subject.field }}
    "##);
}

#[test]
fn a_code_that_is_explained_and_does_not_exist() {
    insta::assert_snapshot!(spoiled("references:", "explains: [XY999]\nreferences:"), @r##"
    error: DIR/XY101-sound.yaml:19:12: explains XY999, which is no rule
      remedy: name a rule that exists, or drop it
    "##);
}

#[test]
fn a_signature_without_a_literal() {
    insta::assert_snapshot!(spoiled("'upstream connect error'", "'[a-z]+ [0-9]+'"), @r##"
    error: DIR/XY102-logged.yaml:10:14: the signature has no literal text of four bytes or more to search for first
      remedy: add words that the line always has: without them every line must be parsed
    "##);
}

#[test]
fn a_regex_that_is_none() {
    insta::assert_snapshot!(spoiled("'upstream connect error'", "'upstream (connect error'"), @r##"
    error: DIR/XY102-logged.yaml:10:14: not a regex: unclosed group
      remedy: linear-time regexes only: no look-around, no back-references
    "##);
    insta::assert_snapshot!(spoiled("'upstream connect error'", "'upstream connect (?=error)'"), @r##"
    error: DIR/XY102-logged.yaml:10:14: not a regex: look-around, including look-ahead and look-behind, is not supported
      remedy: linear-time regexes only: no look-around, no back-references
    "##);
}

#[test]
fn an_unknown_kind_of_subject() {
    insta::assert_snapshot!(before_comma(&spoiled("for_each: mesh_client", "for_each: mesh_klient")), @r##"
    error: DIR/XY101-sound.yaml:8:11: unknown kind of subject `mesh_klient`
      remedy: one of run_service
    "##);
}

#[test]
fn unknown_evidence() {
    insta::assert_snapshot!(before_comma(&spoiled("needs: [cloud-run/services]", "needs: [cloud-run/servces]")), @r##"
    error: DIR/XY101-sound.yaml:7:9: unknown evidence `cloud-run/servces`
      remedy: one of iam
    "##);
}

#[test]
fn yaml_that_is_none() {
    insta::assert_snapshot!(spoiled("explanation: An example.", "explanation: \"An example."), @r##"
    error: DIR/XY101-sound.yaml:12:15: invalid trailing content after double-quoted scalar
      remedy: see CONTRIBUTING.md for the fields of a rule
    "##);
}

#[test]
fn an_unknown_key() {
    insta::assert_snapshot!(spoiled("severity: warning\n", "severity: warning\nseverty: error\n"), @r##"
    error: DIR/XY101-sound.yaml:5:1: unknown field `severty`, expected one of code, name, layer, severity, severity_when, likely_when, summary, explanation, needs, for_each, where, when, logs, concerns, evidence, explains, fixes, false_positives, basis, references
      remedy: did you mean `severity`? see CONTRIBUTING.md for the fields of a rule
    "##);
    insta::assert_snapshot!(spoiled("        text: By hand.", "        txt: By hand."), @r##"
    error: DIR/XY101-sound.yaml:17:9: unknown field `txt`, expected one of text, command, membership
      remedy: did you mean `text`? see CONTRIBUTING.md for the fields of a rule
    "##);
}

#[test]
fn an_unknown_word() {
    insta::assert_snapshot!(spoiled("layer: routing", "layer: rooting"), @r##"
    error: DIR/XY101-sound.yaml:3:8: unknown variant `rooting`, expected one of iam, cloud-run, dns, network, control-plane, routing, workload, policy, dataplane, collection
      remedy: did you mean `routing`? see CONTRIBUTING.md for the fields of a rule
    "##);
}

#[test]
fn what_could_not_be_seen_is_no_more_than_a_warning_and_explains_nothing() {
    let rule = RULE
        .replace("layer: routing", "layer: collection")
        .replace("severity: warning", "severity: error")
        .replace("references:", "explains: [MD801]\nreferences:");
    let rules = Rules::new().with("XY101-sound", &rule);
    insta::assert_snapshot!(rules.refused(), @r##"
    error: DIR/XY101-sound.yaml:1:7: a rule of the layer collection is no more than a warning
      remedy: severity: warning or info
    error: DIR/XY101-sound.yaml:19:12: a rule of the layer collection explains nothing
      remedy: drop `explains`
    "##);
}

#[test]
fn nothing_explains_away_what_could_not_be_seen() {
    let rule = RULE
        .replace("severity: warning", "severity: error")
        .replace("for_each: mesh_client", "for_each: project")
        .replace(
            "when: subject.in_mesh && subject.service_account != ''",
            "when: subject.is_fleet",
        )
        .replace("{{ subject.service }}", "{{ subject.project }}")
        .replace("{{ subject.service_account }}", "{{ subject.number }}")
        .replace("references:", "explains: [MD901]\nreferences:");
    let rules = Rules::new().with("XY101-sound", &rule);
    let world = repository().join("fixtures/incidents/csds-not-collected");
    let [world, folder] = [&world, &rules.folder()].map(|path| path.to_str().unwrap().to_owned());
    let run = rules
        .sandbox
        .run(["check", &world, "--rules", &folder, "-o", "json"]);
    let report = run.ended(1).json();
    let mut findings = report["findings"].as_array().unwrap().iter();
    let gap = findings.find(|finding| finding["code"] == "MD901").unwrap();
    assert_eq!(
        (&gap["role"], &gap["explainedBy"]),
        (&"ADVICE".into(), &Value::Array(Vec::new())),
        "{gap:#}"
    );
}

#[test]
fn a_code_that_two_rules_have() {
    let rules = Rules::new()
        .with("a/XY101-sound", RULE)
        .with("b/XY101-other", &RULE.replace("name: sound", "name: other"));
    insta::assert_snapshot!(rules.refused(), @r##"
    error: DIR/b/XY101-other.yaml:1:7: XY101 is also in DIR/a/XY101-sound.yaml
      remedy: give one of them another code
    "##);
}

#[test]
fn rules_that_explain_each_other_in_a_circle() {
    let rules = Rules::new()
        .with(
            "XY101-sound",
            &RULE.replace("references:", "explains: [XY102]\nreferences:"),
        )
        .with(
            "XY102-logged",
            &LOG_RULE.replace("references:", "explains: [XY101]\nreferences:"),
        );
    insta::assert_snapshot!(rules.refused(), @r##"
    error: DIR/XY101-sound.yaml:1:7: XY101 explains itself in a circle
      remedy: an explanation leads from a cause to its symptoms and never back
    "##);
}

#[test]
fn every_problem_is_told_at_once() {
    let rules = Rules::new()
        .with("XY101-sound", &RULE.replace("mesh_client", "nobody"))
        .with("XY102-logged", &LOG_RULE.replace("[logging]", "[loging]"));
    let said = rules.refused();
    assert_eq!(said.matches("error: ").count(), 2, "{said}");
}

#[test]
fn a_folder_of_rules_that_is_none_or_empty() {
    let rules = Rules::new();
    let gone = rules.refused();
    assert!(
        gone.contains("No such file") && gone.contains("remedy: "),
        "{gone}"
    );
    fs::create_dir(rules.folder()).unwrap();
    let empty = rules.refused();
    assert!(
        empty.contains("holds no rule file") && empty.contains("remedy: "),
        "{empty}"
    );
}

#[test]
fn a_wrong_rule_stops_every_command_that_loads_rules() {
    let rules = Rules::new().with("XY101-sound", &RULE.replace("mesh_client", "nobody"));
    let folder = rules.folder();
    let folder = folder.to_str().unwrap();
    let base = base();
    let commands: [&[&str]; 4] = [
        &["check", base.to_str().unwrap(), "--rules", folder],
        &["rules", "list", "--rules", folder],
        &["rules", "show", "MD101", "--rules", folder],
        &["rules", "test", "--rules", folder],
    ];
    for command in commands {
        let run = rules.sandbox.run(command);
        run.ended(2);
        assert!(
            run.stdout.is_empty() && run.stderr.contains("XY101-sound.yaml:8:11: "),
            "{}",
            run.said()
        );
    }
}

#[test]
fn a_folder_of_rules_adds_one() {
    let rules = Rules::new().with("XY101-sound", RULE);
    let folder = rules.folder();
    let base = base();
    let [base, folder] = [&base, &folder].map(|path| path.to_str().unwrap());
    let run = rules.sandbox.run([
        "check",
        base,
        "-o",
        "json",
        "--rules",
        folder,
        "--fail-on",
        "warning",
    ]);
    run.ended(1);
    assert_eq!(run.codes(), ["XY101", "XY101"]);
    let shown = rules.sandbox.run(["rules", "show", "xy101", "--rules", folder]);
    assert!(
        shown.ended(0).stdout.starts_with("# XY101: sound\n"),
        "{}",
        shown.said()
    );
}

#[test]
fn a_folder_of_rules_replaces_one_by_its_code() {
    let own = RULE
        .replace("XY101", "MD101")
        .replace("name: sound", "name: ours");
    let rules = Rules::new().with("MD101-ours", &own);
    let folder = rules.folder();
    let base = base();
    let [base, folder] = [&base, &folder].map(|path| path.to_str().unwrap());
    let arguments = ["check", base, "--rule", "MD101", "-o", "json", "--rules", folder];
    assert_eq!(rules.sandbox.run(arguments).codes(), ["MD101", "MD101"]);
    assert!(
        rules.sandbox.run(&arguments[..6]).codes().is_empty(),
        "the built-in one is quiet in a healthy world"
    );
    let count = |run: Run| run.ended(0).json()["rules"].as_array().unwrap().len();
    let with = count(
        rules
            .sandbox
            .run(["rules", "list", "-o", "json", "--rules", folder]),
    );
    assert_eq!(with, count(rules.sandbox.run(["rules", "list", "-o", "json"])));
}

#[test]
fn the_list_has_every_rule_file_with_what_the_contract_promises() {
    let run = repository_run(&["rules", "list", "-o", "json"]);
    let list = run.ended(0).json();
    let rules = list["rules"].as_array().unwrap();
    let text = |rule: &Value, field: &str| {
        rule[field]
            .as_str()
            .unwrap_or_else(|| panic!("{field}: {rule}"))
            .to_owned()
    };
    let mut listed = BTreeSet::new();
    for rule in rules {
        let layer = text(rule, "layer");
        listed.insert(format!(
            "{layer}/{}-{}.yaml",
            text(rule, "code"),
            text(rule, "name")
        ));
        assert!(
            ["INFO", "WARNING", "ERROR", "CRITICAL"].contains(&text(rule, "severity").as_str()),
            "{rule}"
        );
        let words = |field: &str| rule[field].as_array().unwrap().iter().all(Value::is_string);
        assert!(words("needs") && words("references"), "{rule}");
        // What could be collected is told of whatever was.
        let needs_nothing = rule["needs"].as_array().unwrap().is_empty();
        assert!(!needs_nothing || layer == "collection", "{rule}");
        assert!(rule["fixtures"].as_u64().unwrap() >= 2, "{rule}");
        let fields: Vec<&str> = rule.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields.len(), 7, "{fields:?}");
    }
    let files: BTreeSet<String> = common::files(&repository().join("rules")).into_keys().collect();
    assert_eq!(listed, files);
}

#[test]
fn a_rule_has_its_page_and_so_have_the_facts_of_each_kind() {
    let page = repository_run(&["rules", "show", "MD101"]);
    for text in [
        "# MD101: traffic director client role missing\n",
        "critical as a rule, layer iam; about a Cloud Run service",
        "## What it means",
        "## What it is told from",
        "Needs cloud-run/services",
        "## How it is mended",
        " --member=serviceAccount:SERVICE_ACCOUNT --role=roles/trafficdirector.client --condition=None\n",
        "## Symptoms that it accounts for",
        "- MD801 xds permission denied\n",
        "- SERVICE_ACCOUNT: ",
        "https://",
    ] {
        assert!(
            page.ended(0).stdout.contains(text),
            "no {text} in: {}",
            page.said()
        );
    }
    assert!(!page.stdout.contains("Fires when"), "{}", page.said());
    let source = repository_run(&["rules", "show", "MD101", "--source"]);
    assert!(
        source.ended(0).stdout.starts_with(&page.stdout),
        "{}",
        source.said()
    );
    for text in ["**Fires when** `", "{{ subject.service_account }}"] {
        assert!(source.stdout.contains(text), "no {text} in: {}", source.said());
    }
    let facts = repository_run(&["rules", "show", "--facts", "mesh_client"]);
    assert!(
        facts.ended(0).stdout.starts_with("# mesh_client: "),
        "{}",
        facts.said()
    );
    for field in ["- `service` (string): ", "- `in_mesh` (bool): ", "- `access`"] {
        assert!(facts.stdout.contains(field), "no {field} in: {}", facts.said());
    }
}

#[test]
fn every_page_reads_without_knowing_how_rules_are_written() {
    let set = RuleSet::built_in().unwrap();
    for rule in &set.rules {
        let page = page::rule(rule, &set);
        for text in [
            "{{", "{%", "subject.", "has(", " && ", "\n> \n", "\n- : ", ": \n", "\n\n\n",
        ] {
            assert!(
                !page.contains(text),
                "{text:?} in the page of {}:\n{page}",
                rule.code()
            );
        }
        assert_eq!(page.matches("\n### ").count(), rule.file.fixes.len(), "{page}");
    }
}

#[test]
fn what_no_rule_and_no_kind_is_called_is_refused() {
    for arguments in [
        &["rules", "show", "MD999"][..],
        &["rules", "show", "--facts", "moon"],
        &["rules", "test", "MD999"],
        &["rules", "show"],
    ] {
        let run = repository_run(arguments);
        run.ended(2);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{}", run.said());
    }
}
