//! What an action promises: the right command, safe to paste whatever the values hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

fn action(yaml: &str) -> Action {
    serde_saphyr::from_str(yaml).unwrap()
}

fn commands_of(yaml: &str) -> Vec<String> {
    action(yaml).commands()
}

#[test]
fn each_kind_renders_to_the_command_an_operator_would_type() {
    let cases = [
        (
            "{kind: iam_binding_add, project: mesh-prod, member: 'serviceAccount:a@b.iam.gserviceaccount.com', role: roles/trafficdirector.client}",
            "gcloud projects add-iam-policy-binding mesh-prod --member=serviceAccount:a@b.iam.gserviceaccount.com --role=roles/trafficdirector.client --condition=None",
        ),
        (
            "{kind: iam_binding_add, project: host, resource_kind: subnetwork, resource: run, region: us-central1, member: 'user:a@b.c', role: roles/compute.networkUser}",
            "gcloud compute networks subnets add-iam-policy-binding run --project=host --region=us-central1 --member=user:a@b.c --role=roles/compute.networkUser",
        ),
        (
            "{kind: iam_binding_add, project: p, resource_kind: folder, resource: 42, member: 'user:a@b.c', role: roles/x, condition: {title: t, expression: 'a, b'}}",
            "gcloud resource-manager folders add-iam-policy-binding 42 --member=user:a@b.c --role=roles/x '--condition=^|^expression=a, b|title=t'",
        ),
        (
            "{kind: api_enable, project: mesh-prod, api: trafficdirector.googleapis.com}",
            "gcloud services enable trafficdirector.googleapis.com --project=mesh-prod",
        ),
        (
            "{kind: run_update, service: s, project: p, region: r, mesh: projects/1/locations/global/meshes/m, egress: ALL_TRAFFIC, execution_environment: EXECUTION_ENVIRONMENT_GEN2}",
            "gcloud beta run services update s --project=p --region=r --mesh=projects/1/locations/global/meshes/m --vpc-egress=all-traffic --execution-environment=gen2",
        ),
        (
            "{kind: run_update, service: s, project: p, region: r, traffic: latest}",
            "gcloud run services update-traffic s --project=p --region=r --to-latest",
        ),
        (
            "{kind: dns_zone_create, project: p, zone: mesh, dns_name: mesh.private, networks: 'default,projects/host/global/networks/vpc'}",
            "gcloud dns managed-zones create mesh --project=p '--description=Host names of the service mesh' --dns-name=mesh.private. --visibility=private --networks=default,https://www.googleapis.com/compute/v1/projects/host/global/networks/vpc",
        ),
        (
            "{kind: dns_zone_attach_network, project: p, zone: mesh, networks: [a, b]}",
            "gcloud dns managed-zones update mesh --project=p --networks=a,b",
        ),
        (
            "{kind: dns_record_set, project: p, zone: mesh, name: '*.mesh.private', ttl: 60, rrdatas: [10.0.0.1]}",
            "gcloud dns record-sets create '*.mesh.private.' --project=p --zone=mesh --type=A --ttl=60 --rrdatas=10.0.0.1",
        ),
        (
            "{kind: firewall_allow, project: p, network: vpc, name: allow-run, source_ranges: [10.8.0.0/26], ports: [8080, 'udp:53'], priority: 900}",
            "gcloud compute firewall-rules create allow-run --project=p --network=vpc --direction=INGRESS --allow=tcp:8080,udp:53 --source-ranges=10.8.0.0/26 --priority=900",
        ),
        (
            "{kind: k8s_patch, membership: gke, resource: virtualservice, namespace: ads, name: ads, patch: 'spec: {gateways: [external-mesh]}'}",
            r#"kubectl -n ads patch virtualservice ads --type=merge -p '{"spec":{"gateways":["external-mesh"]}}'"#,
        ),
        (
            "{kind: k8s_label, membership: gke, resource: namespace, name: ads, labels: {istio-injection: enabled}, remove: istio.io/rev}",
            "kubectl label namespace ads istio-injection=enabled istio.io/rev- --overwrite",
        ),
        (
            "{kind: manual, text: Ask the owner, command: ' kubectl get pods '}",
            "kubectl get pods",
        ),
    ];
    for (yaml, command) in cases {
        assert_eq!(commands_of(yaml).join("\n"), unquoted_flags(command), "{yaml}");
    }
}

/// The cases quote a whole word where it reads better; a command quotes the value alone.
fn unquoted_flags(command: &str) -> String {
    command
        .replace("'--description=", "--description='")
        .replace("'--condition=", "--condition='")
}

#[test]
fn a_record_set_of_another_type_goes_before_the_new_one_comes() {
    let commands = commands_of(
        "{kind: dns_record_set, project: p, zone: z, name: a.b., type: A, replaces: CNAME, rrdatas: 10.0.0.1}",
    );
    assert_eq!(
        commands[0],
        "gcloud dns record-sets delete a.b. --project=p --zone=z --type=CNAME"
    );
    assert!(commands[1].starts_with("gcloud dns record-sets create a.b. "));
    let update = commands_of(
        "{kind: dns_record_set, project: p, zone: z, name: a.b., type: A, replaces: A, rrdatas: 10.0.0.1}",
    );
    assert!(update[0].starts_with("gcloud dns record-sets update a.b. "));
}

#[test]
fn hostile_values_reach_the_program_as_one_word() {
    for hostile in [
        "a b",
        "it's",
        "$(reboot)",
        "`reboot`",
        "a;b",
        "a\nb",
        "\"",
        "*",
        "~",
        "a\\b",
        "#x",
        "",
    ] {
        let api = ApiEnable {
            project: hostile.to_owned(),
            api: "x.googleapis.com".to_owned(),
        };
        let words = shell_words::split(&Action::ApiEnable(api).commands()[0]).unwrap();
        assert_eq!(
            words.last().unwrap(),
            &format!("--project={hostile}"),
            "{hostile:?}"
        );
        let manifest = format!("kind: X\nname: {hostile:?}\n");
        let patch = K8sPatch {
            resource: "service".to_owned(),
            name: "n".to_owned(),
            patch: serde_json::json!({ "a": hostile }).to_string(),
            ..K8sPatch::default()
        };
        let words = shell_words::split(&Action::K8sPatch(patch).commands()[0]).unwrap();
        let patch: serde_json::Value = serde_json::from_str(words.last().unwrap()).unwrap();
        assert_eq!(patch["a"], hostile);
        let create = Action::K8sCreate(K8sCreate {
            manifest,
            ..K8sCreate::default()
        });
        assert_eq!(create.commands().len(), 1);
    }
}

#[test]
fn no_control_character_reaches_the_terminal() {
    let api = ApiEnable {
        project: "a\u{1b}[2J\r'".to_owned(),
        api: "x".to_owned(),
    };
    let command = Action::ApiEnable(api).commands().remove(0);
    assert_eq!(
        command,
        r"gcloud services enable x --project=$'a\u001b[2J\u000d\''"
    );
}

#[test]
fn a_name_that_would_be_a_flag_gives_no_command() {
    for name in ["--impersonate-service-account=x", ""] {
        let api = ApiEnable {
            project: "p".to_owned(),
            api: name.to_owned(),
        };
        assert!(Action::ApiEnable(api).commands()[0].starts_with("# gcloud services: no command"));
    }
}

#[test]
fn a_manifest_is_pasted_whole_even_with_the_end_mark_in_it() {
    let create = action("kind: k8s_create\nmembership: gke\nmanifest: |\n  kind: X\n  data: |\n  EOF\n\n");
    assert_eq!(
        create.commands(),
        ["kubectl apply -f - <<'EOF_'\nkind: X\ndata: |\nEOF\nEOF_"]
    );
    let two = [
        create.clone(),
        action("{kind: k8s_create, membership: gke, manifest: 'kind: Y'}"),
    ];
    assert_eq!(manifest(&two).unwrap(), "kind: X\ndata: |\nEOF\n---\nkind: Y\n");
    assert_eq!(manifest(&[action("{kind: manual, text: t}")]), None);
}

#[test]
fn templates_are_seen_in_every_field() {
    let mut label = action(
        "{kind: k8s_label, membership: '{{m}}', resource: namespace, name: '{{n}}', labels: {rev: '{{r}}'}, remove: ['{{x}}']}",
    );
    for text in label.texts_mut() {
        *text = text.replace("{{", "<").replace("}}", ">");
    }
    assert_eq!(
        label.commands(),
        ["kubectl label namespace '<n>' 'rev=<r>' '<x>-' --overwrite"]
    );
    assert_eq!(label.kind(), "k8s_label");
    let fields: Vec<String> = label
        .fields()
        .into_iter()
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    assert_eq!(
        fields,
        [
            "labels: rev=<r>",
            "membership: <m>",
            "name: <n>",
            "remove: <x>",
            "resource: namespace"
        ]
    );
}

#[test]
fn a_mistyped_field_or_kind_is_refused() {
    let refused = |yaml: &str| serde_saphyr::from_str::<Action>(yaml).unwrap_err().to_string();
    assert!(refused("{kind: api_enable, project: p, apis: x}").contains("apis"));
    assert!(refused("{kind: api_enabled, project: p, api: x}").contains("api_enabled"));
    assert!(refused("{kind: api_enable, project: {{ p }}, api: x}").contains("mapping"));
}

#[test]
fn kind_is_what_yaml_says() {
    for yaml in [
        "{kind: k8s_patch, membership: m, resource: r, name: n, patch: '{}'}",
        "{kind: k8s_create, membership: m, manifest: x}",
        "{kind: dns_zone_attach_network, project: p, zone: z, networks: [n]}",
        "{kind: iam_binding_add, project: p, member: m, role: r}",
    ] {
        let action = action(yaml);
        assert_eq!(serde_json::to_value(&action).unwrap()["kind"], action.kind());
    }
}

#[test]
fn a_fix_whose_value_is_not_known_becomes_words_and_never_an_empty_flag() {
    let binding = Action::IamBindingAdd(IamBindingAdd {
        member: "serviceAccount:".into(),
        role: "roles/trafficdirector.client".into(),
        ..IamBindingAdd::default()
    });
    let fix = completed(vec![binding]);
    let [Action::Manual(manual)] = fix.as_slice() else {
        panic!("{fix:?}")
    };
    assert_eq!(
        manual.text,
        "What was collected does not tell the project, the member: put them in for PROJECT, MEMBER."
    );
    assert_eq!(
        commands(&fix, &BTreeMap::new()),
        [
            "gcloud projects add-iam-policy-binding PROJECT --member=serviceAccount:MEMBER \
          --role=roles/trafficdirector.client --condition=None"
        ]
    );
    let manual = Manual {
        command: "gcloud run services describe a --project= --region=''\ngcloud version".into(),
        ..Manual::default()
    };
    assert_eq!(
        Action::Manual(manual).commands(),
        [
            "gcloud run services describe a --project=PROJECT --region=REGION",
            "gcloud version"
        ]
    );
}

#[test]
fn commands_say_their_cluster_once_where_there_are_several() {
    let label = |membership: &str| {
        Action::K8sLabel(K8sLabel {
            membership: membership.into(),
            resource: "namespace".into(),
            name: "ads".into(),
            labels: [("a".to_owned(), "b".to_owned())].into(),
            ..K8sLabel::default()
        })
    };
    let clusters = BTreeMap::from([("blue".to_owned(), "blue (europe-west3)".to_owned())]);
    let command = "kubectl label namespace ads a=b --overwrite";
    assert_eq!(
        commands(&[label("blue"), label("blue")], &clusters),
        ["# cluster blue (europe-west3)", command, command]
    );
    assert_eq!(commands(&[label("blue")], &BTreeMap::new()), [command]);
}
