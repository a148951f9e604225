//! What the scan says does not depend on how many threads look, nor on where a file is cut into blocks.
use super::*;
use crate::snapshot::{Content, Encoding};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// A log, and how it is stored.
#[derive(Debug, Clone)]
struct Log {
    name: &'static str,
    bytes: Vec<u8>,
    encoding: Encoding,
}

impl Log {
    fn blob(&self) -> Blob {
        Blob {
            origin: self.name.into(),
            content: Content::Memory(self.bytes.as_slice().into()),
            encoding: self.encoding,
        }
    }
}

fn split_piece(index: u32, text: &str) -> String {
    let mut entry: serde_json::Value = serde_json::from_str(&entry(1, text)).unwrap();
    entry["split"] = json!({"uid": "u", "index": index, "totalSplits": 2});
    entry.to_string()
}

fn of_service(name: &str, text: &str) -> String {
    entry(4, text).replace(r#""service_name":"web""#, &format!(r#""service_name":"{name}""#))
}

const TORN_DESK: &str = r#"{"resource": {"labels": {"service_name": "desk"}}"#;

/// Lines, and how often they come.
fn lines_of_json() -> impl Strategy<Value = (Vec<u8>, usize)> {
    let good = [
        entry(5, "cannot bind '1'"),
        of_service("shop", "cannot bind '2'"),
        of_service("shop", "nothing"),
        entry(6, r#""service_name": "desk""#),
        of_service("other", "desk"),
        // Of no account, as the name was seen in the line before.
        of_service("desk", "nothing") + "\n" + TORN_DESK,
        split_piece(0, "cannot bi"),
        split_piece(1, "nd '3'"),
        json!({"response_flags": "UF,URX", "response_code": 503, "path": "/"}).to_string(),
        r#"{"insertId": "a", "labels": [], "resource": {"labels": {"service_name": ["desk"]}}, "textPayload": "cannot bind '6'"}"#.into(),
        entry(7, &"long ".repeat(200)),
        " \t".into(),
    ];
    let bad = [
        r#"{"textPayload": "cannot bind '4'"#,
        TORN_DESK,
        r#"{"resource": {"labels": {"service_name": "shop"}}"#,
        r#"{"resource": {"labels": {"service_name""#,
        r#":"desk"}}}"#,
        r#"cannot bind '5'"#,
        "\u{0}",
        "nothing",
    ]
    .map(str::to_owned);
    lines_of(good.into(), bad.into())
}

fn lines_of_text() -> impl Strategy<Value = (Vec<u8>, usize)> {
    let texts = [
        "[2026-11-24T03:43:15.147Z] \"GET / HTTP/1.1\" 503 UF x - \"-\" 0 0 0 - \"-\" \"-\" \"-\" \"-\" \"-\"",
        "[2026-11-24 03:42:28.143][1][warning][config] [a.cc:1] gRPC config for type.googleapis.com/envoy.config.route.v3.RouteConfiguration rejected: goo.gle/debugonly  ",
        "name: 1",
        ": Proto constraint validation failed (x)",
        "cannot bind 'x'",
        "[2026-11-24 03:42:28.143][1][warning][main] [a.cc:1] cannot bind 'y'",
        "",
        "{\"message\": \"cannot bind 'z'\"}",
    ];
    lines_of(texts.map(str::to_owned).into(), vec!["nul \0".into()])
}

/// Lines of which some dump a message, few are bad, and few come so often that the prefilter adapts to them.
fn lines_of(good: Vec<String>, bad: Vec<String>) -> impl Strategy<Value = (Vec<u8>, usize)> {
    let of = |lines: Vec<String>| proptest::sample::select(lines).prop_map(String::into_bytes);
    prop_oneof![
        40 => (of(good), Just(1)),
        20 => (line().prop_map(String::into_bytes), Just(1)),
        1 => (of(bad), Just(1)),
        1 => (Just(b"\xff\xfe cannot bind 'u'".to_vec()), Just(1)),
        1 => (Just(b"{\"x\": \"a bind in vain\"}".to_vec()), Just(4100_usize)),
    ]
}

fn log() -> impl Strategy<Value = Log> {
    let json = proptest::collection::vec(lines_of_json(), 1..60).prop_map(|lines| (lines, "e.ndjson"));
    let text = proptest::collection::vec(lines_of_text(), 1..60).prop_map(|lines| (lines, "x.log"));
    let loose = proptest::collection::vec(lines_of_json(), 1..60).prop_map(|lines| (lines, "x.json"));
    let mark = prop_oneof![4 => Just(""), 1 => Just("\u{feff}"), 1 => Just("\n \n")];
    let torn = prop_oneof![6 => Just(None), 1 => (0..2000_usize).prop_map(Some)];
    (prop_oneof![3 => json, 2 => text, 1 => loose], mark, "\n?", torn).prop_map(
        |((lines, name), mark, end, torn)| {
            let lines: Vec<Vec<u8>> = lines
                .into_iter()
                .flat_map(|(line, times)| std::iter::repeat_n(line, times))
                .collect();
            let bytes = [mark.as_bytes(), &lines.join(&b'\n'), end.as_bytes()].concat();
            match torn {
                None => Log {
                    name,
                    bytes,
                    encoding: Encoding::Plain,
                },
                Some(missing) => {
                    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
                    packed.write_all(&bytes).unwrap();
                    let mut bytes = packed.finish().unwrap();
                    bytes.truncate(bytes.len().saturating_sub(missing));
                    Log {
                        name,
                        bytes,
                        encoding: Encoding::Gzip,
                    }
                }
            }
        },
    )
}

fn rules(slow: bool) -> Vec<Signature> {
    let mut rules = vec![
        message("N", NACK, &["kind", "reason"]),
        message("B", "cannot bind '(?P<a>[^']+)'", &["a"]),
        access(
            "F",
            AccessMatch {
                flags: vec!["UF".into()],
                ..AccessMatch::default()
            },
            &[],
        ),
    ];
    if slow {
        rules.push(message("S", "^n.*g$", &[]));
    }
    rules
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn neither_threads_nor_blocks_change_what_is_said(
        logs in proptest::collection::vec(log(), 1..3),
        block in prop_oneof![1_usize..200, 200_usize..20_000],
        threads in 2_usize..5,
        line in prop_oneof![Just(1_usize << 20), Just(700)],
        slow in proptest::bool::weighted(0.2),
    ) {
        let logs = BTreeMap::from([("p".into(), logs.iter().map(Log::blob).collect())]);
        let asked = ["web", "shop", "desk", "silent"].map(str::to_owned).into();
        let rules = rules(slow);
        let say = |block, threads| {
            let limits = Limits { block, line, threads: Some(threads) };
            format!("{:#?}", super::super::scan::scan(&logs, &rules, &asked, limits))
        };
        let whole = say(usize::MAX, 1);
        prop_assert_eq!(&whole, &say(block, 1), "blocks of {}", block);
        prop_assert_eq!(&whole, &say(block, threads), "blocks of {}, {} threads", block, threads);
    }
}
