//! What a person sees, as snapshots, and the promises that hold for every report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::report::samples;
use crate::report::text::width;

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
fn the_telling_part_of_a_log_line_is_kept_and_marked() {
    let text = plain(&samples::incident(), 60);
    let lines: Vec<&str> = text.lines().collect();
    let marks = lines
        .iter()
        .position(|line| line.trim_start().starts_with("^^^"))
        .unwrap();
    let at = lines[marks].find('^').unwrap();
    let shown: String = lines[marks - 1].chars().skip(at).collect();
    assert!(
        shown.starts_with("closed: 7, Permission 'trafficdirector.networ"),
        "{shown}"
    );
}
