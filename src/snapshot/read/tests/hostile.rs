//! What must be refused, and how it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

#[test]
fn a_manifest_of_an_unknown_schema_is_refused() {
    let told = failure("bundle.json", r#"{"schemaVersion":"meshdoctor.bundle.v9"}"#);
    assert!(told.contains("v9") && told.contains("newer"), "{told}");
}

#[test]
fn bad_files_alone_are_errors_that_name_the_file_and_what_was_expected() {
    let noise: Vec<u8> = (0_u32..5_000)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let cases: [(&str, &[u8], &str); 7] = [
        ("a.binpb", &noise, "CSDS"),
        ("a.yaml", b"\xff\xfe\xfd", "binary"),
        ("a.json", b"{\"apiVersion\": \"v1\", \"kind\": ", "a.json:1"),
        ("a.txt", b"hello world\n", "not recognised"),
        ("a.json", b"{\"hello\": 1}", "Kubernetes YAML"),
        ("a.json", b"[]", "does not say of what kind"),
        ("zeros.yaml", &[0; 100_000], "binary"),
    ];
    for (name, bytes, word) in cases {
        let told = failure(name, bytes);
        assert!(
            told.contains(name) && told.contains(word) && told.contains("remedy"),
            "{told}"
        );
    }
    // Beside something good the same are warnings.
    let root = folder(&[("a.yaml", VIRTUAL_SERVICE.as_bytes()), ("b.txt", b"hello\n")]);
    let given = [root.path().join("b.txt"), root.path().join("a.yaml")];
    let snapshot = read(&given, &Options::default()).unwrap();
    assert!(warnings(&snapshot).contains("b.txt"));
}

#[test]
fn an_empty_file_is_a_warning() {
    let snapshot = file("empty.yaml", "");
    assert!(warnings(&snapshot).contains("empty.yaml: empty"));
}

#[test]
fn only_regular_files_are_opened() {
    let told = read(&[PathBuf::from("/dev/zero")], &Options::default())
        .unwrap_err()
        .to_string();
    assert!(told.contains("neither a regular file nor a directory"), "{told}");
    let told = read(&[Path::new("/nowhere/at/all").to_owned()], &Options::default()).unwrap_err();
    assert!(matches!(told, ReadError::Io { .. }));
}

#[test]
fn nesting_and_aliases_end_in_an_error_not_in_an_overflow() {
    let deep = 200_000;
    let bombs = [
        "[".repeat(deep),
        "{\"a\":".repeat(deep),
        format!("apiVersion: v1\nkind: Pod\nx: {}", "[".repeat(deep)),
        format!("apiVersion: v1\nkind: Pod\nx:\n {}", "- ".repeat(deep)),
        format!(
            "{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}",
            "[".repeat(deep)
        ),
        format!("{{\"logName\":\"x\",\"jsonPayload\":{}", "[".repeat(deep)),
        (1..40).fold(String::from("a0: &a0 [x]\n"), |text, n| {
            let aliases = vec![format!("*a{}", n - 1); 9].join(",");
            format!("{text}a{n}: &a{n} [{aliases}]\n")
        }),
        format!(
            "a: &a \"{}\"\nb: [{}]",
            "x".repeat(2 << 20),
            vec!["*a"; 400].join(",")
        ),
    ];
    for (number, bomb) in bombs.iter().enumerate() {
        let answer = try_file("bomb.yaml", bomb);
        assert!(answer.is_err(), "{number}");
    }
}

#[test]
fn more_objects_than_memory_holds_are_refused_before_parsing() {
    let text = format!("{{\"items\":[{}{{}}]}}", "{},".repeat(3_100_000));
    let root = folder(&[("kubernetes/m/pods.json", text.as_bytes())]);
    let answer = read(&[root.path().to_owned()], &Options::default());
    assert!(
        matches!(answer, Err(ReadError::TooLarge { .. })),
        "{:?}",
        answer.err()
    );
}

#[test]
fn more_documents_or_resources_than_are_real_are_refused() {
    let documents = try_file("a.yaml", "---\na: b\n".repeat(100_001));
    assert!(
        matches!(documents, Err(ReadError::TooLarge { .. })),
        "{documents:?}"
    );
    let list = format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"PodList\",\"items\":[{}{{}}]}}",
        "{},".repeat(500_000)
    );
    assert!(matches!(
        try_file("a.json", &list),
        Err(ReadError::TooLarge { .. })
    ));
    let root = folder(&[("kubernetes/m/pods.json", list.as_bytes())]);
    let answer = read(&[root.path().to_owned()], &Options::default());
    assert!(matches!(answer, Err(ReadError::TooLarge { .. })));
}
