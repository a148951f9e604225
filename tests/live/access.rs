//! What the caller may see, asked ahead, and what must be granted for it.
use crate::common::replayed::Replayed;
use crate::common::{Run, Sandbox, base, finish, fixture_world};
use std::path::Path;

#[test]
fn preflight_says_what_is_missing_where_and_which_command_grants_it() {
    let preflight = |world: &Path| {
        let sandbox = Sandbox::new();
        Replayed::new(&sandbox, world, None).check(&sandbox, &["--preflight"])
    };
    let fine = preflight(&base());
    let rows = |run: &Run, word: &str| {
        run.stdout
            .lines()
            .filter(|line| line.trim_start().starts_with(word))
            .count()
    };
    assert_eq!(
        (rows(fine.ended(0), "NO "), rows(&fine, "not known")),
        (0, 0),
        "{}",
        fine.said()
    );
    for place in [
        "projects/mesh-prod\n",
        "folders/4711\n",
        "organizations/99887766\n",
        "cluster prod\n",
    ] {
        assert!(fine.stdout.contains(place), "{}", fine.said());
    }
    assert!(rows(&fine, "yes ") > 20, "{}", fine.said());

    let missing: [(&str, &str, i32, &[&str]); 3] = [
        (
            "fires",
            "NO ",
            3,
            &[
                "resourcemanager.projects.getIamPolicy",
                "gcloud projects add-iam-policy-binding mesh-prod --member=user:YOU@EXAMPLE.COM --role=roles/browser --condition=None",
            ],
        ),
        (
            "fires-cluster",
            "NO ",
            3,
            &[
                "list pods",
                "list services",
                "list the other kinds",
                "permissions --output=kubectl",
            ],
        ),
        (
            "fires-above",
            "no, optional",
            3,
            &[
                "gcloud organizations add-iam-policy-binding 99887766 --member=user:YOU@EXAMPLE.COM --role=roles/iam.denyReviewer",
                "gcloud resource-manager folders add-iam-policy-binding 4711",
            ],
        ),
    ];
    for (name, word, status, says) in missing {
        let run = preflight(&fixture_world(&Sandbox::new(), "MD901", name));
        assert!(rows(run.ended(status), word) > 0, "{}", run.said());
        for text in says {
            assert!(run.stdout.contains(text), "no {text:?}: {}", run.said());
        }
    }
}

#[test]
fn permissions_are_printed_for_each_place_that_can_grant_them() {
    let sandbox = Sandbox::new();
    let role = sandbox.run([
        "permissions",
        "--project",
        "p,q",
        "--organization",
        "42",
        "--member",
        "group:ops@example.com",
    ]);
    let (projects, organization) = role.ended(0).stdout.split_once("# On the organization").unwrap();
    for text in [
        "run.services.list,",
        "trafficdirector.networks.getConfigs\n",
        "--project=p ",
        "--project=q ",
        "--role=projects/q/roles/meshdoctor",
    ] {
        assert!(projects.contains(text), "no {text:?}: {}", role.said());
    }
    // A project's custom role that names one of these is refused as a whole.
    for text in [
        "iam.denypolicies",
        "folders.getIamPolicy",
        "organizations.getIamPolicy",
    ] {
        assert!(!projects.contains(text), "{text:?}: {}", role.said());
    }
    for text in [
        "organizations add-iam-policy-binding 42",
        "roles/iam.denyReviewer",
        "--organization=42 ",
        "folders.getIamPolicy",
    ] {
        assert!(organization.contains(text), "no {text:?}: {}", role.said());
    }
    let terraform = sandbox.run(["permissions", "-o", "terraform", "--project", "p"]);
    for text in [
        "\"run.services.list\"",
        "google_organization_iam_member",
        "roles/iam.denyReviewer",
    ] {
        assert!(terraform.ended(0).stdout.contains(text), "{}", terraform.said());
    }
    let cluster = sandbox.run(["permissions", "-o", "kubectl"]);
    assert!(cluster.stdout.contains("kind: ClusterRole"), "{}", cluster.said());
    for kind in meshdoctor::collect::kubernetes::KINDS {
        assert!(
            cluster.stdout.contains(kind.plural),
            "{}: {}",
            kind.plural,
            cluster.said()
        );
    }
    sandbox.run(["permissions", "--project", "p; rm -rf ~"]).ended(2);
}

#[test]
fn who_collects_stands_in_the_commands_where_gcloud_knows_it() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &fixture_world(&sandbox, "MD901", "fires"), None);
    sandbox.write(
        "gcloud/configurations/config_default",
        "[core]\naccount = ada+ops@example.com\n",
    );
    let program = || {
        let mut program = sandbox.program();
        program
            .env("CLOUDSDK_CONFIG", sandbox.path("gcloud"))
            .args(["check", "--config"])
            .arg(replayed.config());
        program
    };
    let with_gclouds_token = || {
        let mut program = program();
        program.env("CLOUDSDK_AUTH_ACCESS_TOKEN", replayed.token());
        program
    };
    let member = "--member=user:ada+ops@example.com --role=roles/browser";
    for flags in [&["--preflight"][..], &["--verbose"]] {
        let run = finish(with_gclouds_token().args(flags));
        assert!(run.ended(3).stdout.contains(member), "{}", run.said());
        // A token from elsewhere may be anybody's.
        let other = finish(program().args(flags));
        assert!(
            other
                .ended(3)
                .stdout
                .contains("--member=user:YOU@EXAMPLE.COM --role=roles/browser"),
            "{}",
            other.said()
        );
    }

    // A bundle tells nobody's address.
    let to = sandbox.path("b.tar.zst");
    let mut create = sandbox.program();
    create
        .env("CLOUDSDK_CONFIG", sandbox.path("gcloud"))
        .env("CLOUDSDK_AUTH_ACCESS_TOKEN", replayed.token())
        .args(["bundle", "create", "--config"])
        .arg(replayed.config())
        .arg("-o")
        .arg(&to);
    finish(&mut create).ended(3);
    let check = sandbox.run(["check", to.to_str().unwrap(), "--verbose"]);
    let told = &check.ended(3).stdout;
    assert!(
        told.contains("user:YOU@EXAMPLE.COM") && !told.contains("ada+ops"),
        "{}",
        check.said()
    );
}
