//! Loose Kubernetes manifests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

#[test]
fn loose_manifests_of_any_served_version_stand_under_one_membership() {
    let text = format!(
        "# rendered\n---\n{VIRTUAL_SERVICE}---\n---\n# nothing\n--- # more\nkind: Service\napiVersion: v1\nmetadata: {{name: a}}\n...\n"
    );
    let snapshot = file("all.txt", text);
    let loose = &snapshot.kubernetes["loose"];
    assert_eq!(loose.virtual_services.items()[0].spec.hosts, ["shop.prod.mesh"]);
    assert_eq!(loose.services.items()[0].metadata.name, "a");
    assert!(
        !loose.destination_rules.is_had(),
        "what is not given is not collected"
    );
    assert!(warnings(&snapshot).is_empty());
}

#[test]
fn lists_prove_that_their_kind_was_collected() {
    let empty = r#"{"apiVersion":"networking.istio.io/v1alpha3","kind":"DestinationRuleList","items":[]}"#;
    assert!(
        file("a.json", empty).kubernetes["loose"]
            .destination_rules
            .is_had()
    );
    // As the API answers: items without kind and apiVersion.
    let raw = r#"{"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"a"}}]}"#;
    assert_eq!(file("a.json", raw).kubernetes["loose"].pods.items().len(), 1);
    let kubectl = r#"{"apiVersion":"v1","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}},
        {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"b"}}],"kind":"List"}"#;
    let snapshot = file("a.json", kubectl);
    assert!(snapshot.kubernetes["loose"].pods.is_had() && snapshot.kubernetes["loose"].namespaces.is_had());
    let told = failure("a.json", r#"{"apiVersion":"v1","kind":"List","items":[]}"#);
    assert!(told.contains("does not say of what kind"), "{told}");
}

#[test]
fn a_field_of_the_wrong_type_is_told_with_file_line_and_name() {
    let yaml = format!(
        "{VIRTUAL_SERVICE}---\n{}",
        VIRTUAL_SERVICE.replace("[shop.prod.mesh]", "shop.prod.mesh")
    );
    let told = failure("vs.yaml", yaml);
    assert!(
        told.contains("vs.yaml:12:10") && told.contains("VirtualService shop: spec.hosts"),
        "{told}"
    );
    assert!(told.contains("remedy: correct the field `spec.hosts`"), "{told}");

    let list = "kind: List\napiVersion: v1\nitems:\n- kind: Pod\n  apiVersion: v1\n- kind: VirtualService\n  \
        apiVersion: networking.istio.io/v1\n  spec:\n    hosts: x\n";
    let told = failure("list.yaml", list);
    assert!(
        told.contains("list.yaml:9") && told.contains("items[1].spec.hosts"),
        "{told}"
    );

    let json = "{\"kind\":\"List\",\"apiVersion\":\"v1\",\n\"items\":[\n {\"kind\":\"VirtualService\",\n\
        \"apiVersion\":\"networking.istio.io/v1\",\n\"spec\":{\n\"hosts\":\"x\"}}]}";
    let told = failure("list.json", json);
    assert!(
        told.contains("list.json:6") && told.contains("items[0].spec.hosts"),
        "{told}"
    );
}

#[test]
fn loose_manifests_join_the_only_membership_and_the_later_of_two_stands() {
    let root = folder(&BUNDLE);
    let pod = root.path().join("pod.yaml");
    fs::write(
        &pod,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: x}\n",
    )
    .unwrap();
    let again = root.path().join("again.yaml");
    fs::write(
        &again,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: x, labels: {v: new}}\n",
    )
    .unwrap();
    let given = [root.path().join("bundle-2026"), pod, again];
    let snapshot = read(&given, &Options::default()).unwrap();
    let pods = snapshot.kubernetes["m"].pods.items();
    assert_eq!(snapshot.kubernetes.len(), 1);
    assert_eq!(
        pods.iter().map(|p| p.metadata.name.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(pods[1].metadata.labels.get("v").unwrap(), "new");
    assert!(warnings(&snapshot).contains("x/b is given more than once"));
}

#[test]
fn a_folder_of_manifests_is_walked_and_the_rest_is_told_of() {
    let root = folder(&[
        ("kubernetes/base/vs.yaml", VIRTUAL_SERVICE.as_bytes()),
        (
            "kubernetes/chart/templates/x.yaml",
            b"{{- if .Values.x }}\napiVersion: v1\n{{ end }}\n",
        ),
        ("settings.json", b"{\"editor\": 2, // comment\n}"),
        ("README.md", b"# x"),
        ("image.png", b"\x89PNG"),
    ]);
    let snapshot = read(&[root.path().to_owned()], &Options::default()).unwrap();
    assert_eq!(snapshot.kubernetes["loose"].virtual_services.items().len(), 1);
    let told = warnings(&snapshot);
    for word in ["x.yaml", "settings.json", "2 files ignored", "README.md"] {
        assert!(told.contains(word), "{word} in {told}");
    }
    let broken = folder(&[("a.yaml", b"apiVersion: v1\nkind: [Pod\n")]);
    let answer = read(&[broken.path().to_owned()], &Options::default());
    assert!(
        matches!(answer, Err(ReadError::Malformed { .. })),
        "a manifest that breaks off is no warning"
    );
}
