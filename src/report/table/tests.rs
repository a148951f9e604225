//! What a person sees, as snapshots, and the promises that hold for every report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::report::samples;
use crate::report::text::width;
use crate::report::v1::{Check, Collector, check, collector, finding::Role, hop};

fn plain(report: &Report, width: usize) -> String {
    render(
        report,
        &TableOptions {
            width,
            color: false,
            quiet: false,
            verbose: false,
        },
    )
}

/// Rows that a terminal of this width needs.
fn rows(text: &str, columns: usize) -> usize {
    text.lines()
        .map(|line| width(line).div_ceil(columns).max(1))
        .sum()
}

#[test]
fn snapshots_at_80_and_200_columns() {
    let reports = [
        ("incident", samples::incident()),
        ("two_causes", samples::two_causes()),
        ("healthy", samples::healthy()),
        ("inconclusive", samples::inconclusive()),
        ("twelve_of_one_code", samples::twelve_of_one_code()),
        ("two_of_one_code", samples::two_of_one_code()),
    ];
    for (name, report) in reports {
        for columns in [80, 200] {
            insta::assert_snapshot!(format!("{name}_{columns}"), plain(&report, columns));
        }
    }
}

#[test]
fn snapshots_in_colour_quiet_and_verbose() {
    let options = TableOptions {
        width: 100,
        color: true,
        quiet: false,
        verbose: false,
    };
    let report = samples::incident();
    insta::assert_snapshot!(
        "incident_colour",
        render(&report, &options).replace('\u{1b}', "<ESC>")
    );
    let quiet = TableOptions {
        color: false,
        quiet: true,
        ..options
    };
    insta::assert_snapshot!("incident_quiet", render(&report, &quiet));
    let verbose = TableOptions {
        color: false,
        verbose: true,
        ..options
    };
    insta::assert_snapshot!("incident_verbose", render(&report, &verbose));
}

#[test]
fn cause_and_fix_are_on_the_first_screen() {
    for report in [samples::incident(), samples::twelve_of_one_code()] {
        let text = plain(&report, 80);
        let command = text.find("--condition=None").expect("the fix is shown");
        assert!(rows(&text[..command], 80) <= 24, "{text}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal_but_a_command() {
    for report in samples::all() {
        for (columns, verbose) in [(60, false), (80, false), (80, true), (100, true), (200, false)] {
            let options = TableOptions {
                width: columns,
                color: false,
                quiet: false,
                verbose,
            };
            for line in render(&report, &options).lines() {
                let command = ["  gcloud", "  kubectl", "  see "]
                    .iter()
                    .any(|start| line.starts_with(start));
                assert!(command || width(line) <= columns, "{columns}: {line}");
            }
        }
    }
}

#[test]
fn without_colour_there_is_no_escape_and_with_it_the_words_are_the_same() {
    for report in samples::all() {
        assert!(!plain(&report, 80).contains('\u{1b}'));
    }
    let options = TableOptions {
        width: 200,
        color: true,
        quiet: false,
        verbose: false,
    };
    let coloured = render(&samples::two_causes(), &options);
    let stripped = anstream::adapter::strip_str(&coloured).to_string();
    let marks = |line: &&str| !line.trim().starts_with('^');
    let plain = plain(&samples::two_causes(), 200);
    let without_marks: Vec<&str> = plain.lines().filter(marks).collect();
    assert_eq!(
        stripped.lines().map(str::trim_end).collect::<Vec<_>>(),
        without_marks
    );
}

#[test]
fn every_command_is_there_to_paste_unbroken() {
    for report in [
        samples::incident(),
        samples::two_causes(),
        samples::two_of_one_code(),
    ] {
        let text = plain(&report, 40);
        for command in report
            .findings
            .iter()
            .flat_map(|finding| &finding.fixes)
            .flat_map(|fix| &fix.commands)
        {
            assert!(text.lines().any(|line| line.trim() == command), "{command}");
        }
    }
}

#[test]
fn a_symptom_is_told_under_its_cause_however_long_the_chain() {
    let text = plain(&samples::two_causes(), 200);
    let (selector, explained) = (
        text.find("MD601 selector").unwrap(),
        text.find("MD417 The cluster").unwrap(),
    );
    assert!(selector < explained);
    assert!(!text.contains("warnings and advice\n  CRITICAL"));
}

#[test]
fn a_symptom_without_a_cause_is_not_lost() {
    let mut report = samples::incident();
    report.findings.retain(|finding| finding.code != "MD101");
    assert!(plain(&report, 100).contains("MD801"));
}

#[test]
fn an_excerpt_cannot_command_the_terminal() {
    let mut report = samples::incident();
    report.findings[0].evidence[0].excerpt = "a\u{1b}[2Jb".to_owned();
    report.findings[0].summary = "c\u{1b}]0;title\u{7}d".to_owned();
    report.findings[0].fixes[0].manifest = Some("kind: X\u{1b}[2J\n".to_owned());
    assert!(!plain(&report, 80).contains('\u{1b}'));
}

#[test]
fn an_empty_report_is_never_called_healthy() {
    let text = plain(&Report::default(), 80);
    assert!(text.starts_with("INCONCLUSIVE"), "{text}");
}

#[test]
fn a_manifest_stands_at_the_margin_and_only_once() {
    let mut report = samples::incident();
    let manifest = "apiVersion: networking.istio.io/v1\nkind: VirtualService\n";
    let fix = &mut report.findings[0].fixes[0];
    fix.manifest = Some(manifest.to_owned());
    assert!(plain(&report, 80).contains("\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"));
    report.findings[0].fixes[0].commands = vec![format!("kubectl apply -f - <<'EOF'\n{manifest}EOF")];
    let text = plain(&report, 80);
    assert!(text.contains("\nkubectl apply -f - <<'EOF'\napiVersion"));
    assert_eq!(text.matches("kind: VirtualService").count(), 1);
}

#[test]
fn the_telling_part_of_a_log_line_is_marked_and_where_it_is_too_long_for_that_it_is_whole() {
    const PART: &str = "closed: 7, Permission 'trafficdirector.networks.getConfigs' denied";
    let text = plain(&samples::incident(), 90);
    let lines: Vec<&str> = text.lines().collect();
    let marks = lines
        .iter()
        .position(|line| line.trim_start().starts_with("^^^"))
        .unwrap();
    let at = lines[marks].find('^').unwrap();
    let shown: String = lines[marks - 1].chars().skip(at).collect();
    assert!(shown.starts_with(PART), "{shown}");
    let narrow = plain(&samples::incident(), 60);
    let narrow = narrow.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(narrow.contains(PART), "{narrow}");
}

#[test]
fn a_hop_with_symptoms_only_is_affected_and_the_one_with_the_cause_broken() {
    let text = plain(&hops_of_the_incident(Role::Symptom), 200);
    assert!(
        text.contains("- iam BROKEN: ") && text.contains("- dataplane affected: "),
        "{text}"
    );
    let text = plain(&hops_of_the_incident(Role::RootCause), 200);
    assert!(text.contains("- dataplane BROKEN: "), "{text}");
}

/// The incident whose dataplane hop is broken, with a finding of this role on it.
fn hops_of_the_incident(role: Role) -> Report {
    let mut report = samples::incident();
    let hops = report.path.iter_mut().flat_map(|path| &mut path.hops);
    for hop in hops.filter(|hop| hop.layer == "dataplane" && hop.status() != hop::Status::Ok) {
        hop.set_status(hop::Status::Broken);
        hop.findings = vec!["MD801".to_owned()];
    }
    let finding = report
        .findings
        .iter_mut()
        .find(|finding| finding.code == "MD801")
        .unwrap();
    finding.set_role(role);
    report
}

#[test]
fn a_locator_that_names_its_source_is_not_told_it_again() {
    let text = plain(&samples::incident(), 200);
    assert!(
        text.contains("  iam/projects/mesh-prod/policy.json") && !text.contains("iam iam/"),
        "{text}"
    );
}

#[test]
fn findings_with_one_fix_are_one_block_with_both_subjects() {
    let mut report = samples::two_of_one_code();
    let fixes = report.findings[0].fixes.clone();
    let codes = report.findings[0].code.clone();
    report
        .findings
        .iter_mut()
        .filter(|f| f.code == codes)
        .for_each(|f| f.fixes.clone_from(&fixes));
    let text = plain(&report, 200);
    let command = fixes[0].commands[0].as_str();
    assert_eq!(text.matches(command).count(), 1, "{text}");
    assert!(text.contains("This mends both."), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for finding in report.findings.iter().filter(|f| f.code == codes) {
        assert!(words.contains(&finding.summary), "{text}");
    }
}

#[test]
fn a_failed_collector_is_told_once_with_the_permission_whole() {
    let collector = Collector {
        name: "csds".to_owned(),
        status: collector::Status::Failed.into(),
        error: Some("PERMISSION_DENIED: ask your administrator".to_owned()),
        permission_needed: Some("trafficdirector.networks.getConfigs".to_owned()),
        ..Collector::default()
    };
    let reason = "csds: its collector says FAILED: PERMISSION_DENIED: ask your administrator (needs \
                  trafficdirector.networks.getConfigs)";
    let check = |code: &str| Check {
        code: code.to_owned(),
        status: check::Status::Skipped.into(),
        reason: Some(reason.to_owned()),
        ..Check::default()
    };
    let report = Report {
        verdict: Verdict::Inconclusive.into(),
        reasons: vec![format!("{reason} (MD411, MD412 not checked)")],
        collectors: vec![collector],
        checks: vec![check("MD411"), check("MD412")],
        ..Report::default()
    };
    let text = plain(&report, 80);
    assert_eq!(text.matches("ask your administrator").count(), 1, "{text}");
    assert!(
        text.contains("(needs trafficdirector.networks.getConfigs)"),
        "{text}"
    );
    assert!(text.contains("2 checks (MD411, MD412)"), "{text}");
}
