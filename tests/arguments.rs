//! What is given wrong is refused by its name, whether or not this run would have used it: flags, variables, the configuration file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Run, Sandbox, base, finish, repository};

/// Refused: exit status 2, nothing on standard output, what is wrong and what to do.
#[track_caller]
fn refused(run: &Run, says: &[&str]) {
    run.ended(2);
    assert!(
        run.stdout.is_empty() && run.stderr.contains("remedy: "),
        "{}",
        run.said()
    );
    for text in says {
        assert!(run.stderr.contains(text), "no {text:?} in {}", run.said());
    }
}

#[test]
fn a_span_without_unit_or_sense_is_refused_even_where_nothing_is_collected() {
    let sandbox = Sandbox::new();
    let world = base();
    let world = world.to_str().unwrap();
    for (flag, value) in [
        ("--timeout", "abc"),
        ("--since", "5"),
        ("--since", "1h30"),
        ("--timeout", "0s"),
    ] {
        refused(&sandbox.run(["check", world, flag, value]), &[flag, value]);
        let bundle = ["bundle", "create", world, "-o", "b.tar.zst", flag, value];
        refused(&sandbox.run(bundle), &[flag, value]);
        let variable = format!("MESHDOCTOR_{}", flag.trim_start_matches('-').to_ascii_uppercase());
        let run = finish(sandbox.program().env(variable, value).args(["check", world]));
        refused(&run, &[flag, value]);
    }
    sandbox.run(["check", world, "--since", "1h30m"]).ended(0);
    let run = sandbox.run(["check", world, "--endpoint", "loging=http://127.0.0.1:1"]);
    refused(&run, &["unknown endpoint loging"]);
}

#[test]
fn the_configuration_file_is_refused_by_line_even_where_nothing_is_collected() {
    for (line, says) in [
        ("project = 5", "project: expected text"),
        ("since = 5", "since: expected a span of time"),
        ("since = \"5\"", "\"5\" has no unit"),
        ("timeout = \"abc\"", "timeout: \"abc\" is no span of time"),
        ("fail-on = \"often\"", "fail-on = \"often\" is not known"),
        ("projetc = \"p\"", "unknown key \"projetc\""),
        ("region = [\"a\", 5]", "region: expected text"),
    ] {
        let sandbox = Sandbox::new();
        let file = sandbox.write("m.toml", format!("# ours\ncolor = \"never\"\n{line}\n"));
        let file = file.to_str().unwrap();
        let run = sandbox.run(["check", base().to_str().unwrap(), "--config", file]);
        refused(&run, &[says, &format!("{file}:3: ")]);
    }
}

#[test]
fn a_bundle_is_named_for_what_it_is() {
    let sandbox = Sandbox::new();
    let world = base();
    let world = world.to_str().unwrap();
    for to in ["x.zip", "x.tar.gz", "x", "-"] {
        let run = sandbox.run(["bundle", "create", world, "-o", to]);
        refused(&run, &[&format!("--output {to}: "), "bundle.tar.zst"]);
        let live = sandbox.run(["bundle", "create", "--project", "p", "-o", to]);
        refused(&live, &[&format!("--output {to}: ")]);
    }
    assert_eq!(sandbox.left_behind(), Vec::<String>::new());
}

#[test]
fn nothing_makes_no_bundle() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("empty")).unwrap();
    let folder = sandbox.path("empty");
    let run = sandbox.run(["bundle", "create", folder.to_str().unwrap(), "-o", "b.tar.zst"]);
    refused(&run, &["nothing to put into a bundle", folder.to_str().unwrap()]);
    assert_eq!(sandbox.left_behind(), Vec::<String>::new());
}

#[test]
fn a_folder_of_ones_own_is_checked_far_from_the_sources() {
    let sandbox = Sandbox::new();
    let rule = "code: XY101\nname: own\nlayer: iam\nseverity: info\nsummary: It fires\nexplanation: Always.\n\
                needs: [cloud-run/services]\nfor_each: mesh_client\n";
    sandbox.write("rules/XY101-own.yaml", rule);
    let folder = sandbox.path("rules");
    let folder = folder.to_str().unwrap();
    let lint = |more: &[&str]| sandbox.run([&["rules", "lint"], more].concat());
    for flags in [&[folder][..], &["--rules", folder]] {
        let run = lint(flags);
        run.ended(0);
        assert_eq!(run.stdout, "1 rule, 0 problems\n", "{}", run.said());
        assert!(run.stderr.starts_with("note: ") && run.stderr.contains("--fixtures"));
    }
    let fixtures = repository().join("fixtures");
    let run = lint(&[folder, "--fixtures", fixtures.to_str().unwrap()]);
    run.ended(2);
    assert_eq!(run.stdout, "1 rule, 2 problems\n", "{}", run.said());

    std::fs::create_dir(sandbox.path("empty")).unwrap();
    let empty = sandbox.path("empty");
    for (arguments, says) in [
        (&["lint"][..], "nothing to check"),
        (&["test"], "nothing to test"),
        (&["lint", empty.to_str().unwrap()], "holds no rule file"),
        (
            &["lint", folder, "--fixtures", empty.to_str().unwrap()],
            "no folder with fixtures",
        ),
        (&["lint", "/no/such/folder"], "/no/such/folder: "),
    ] {
        let run = sandbox.run([&["rules"], arguments].concat());
        run.ended(2);
        assert!(
            run.stdout.is_empty() && run.stderr.contains(says) && run.stderr.contains("remedy: "),
            "{}",
            run.said()
        );
    }
}
