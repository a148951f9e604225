//! Forms that RE2 takes, and forms that it refuses.
use super::refusal;

#[test]
fn what_re2_takes_passes_though_other_syntaxes_refuse_it() {
    for pattern in [
        "",
        "/api/v[0-9]+/.*",
        r"^/users/(?P<id>\d{1,10})(\?.*)?$",
        "/users/{id}",
        "a{,3}",
        r"[\w-.]+@[[]",
        "[]a]|[^]a]",
        r"\Q(.*\E+",
        r"(?i)x|(?s:y)(?<z>q)",
        r"\x{1F600}\012\.\/\-",
        "(a|b)*?|^*",
        "(?:a{10}){100}",
        "[[:alpha:]_-]",
        r"\pL\p{Greek}",
        "a{100000000}",
    ] {
        assert_eq!(refusal(pattern), None, "{pattern}");
    }
}

#[test]
fn what_re2_refuses_is_told_with_the_reason() {
    for (pattern, word) in [
        ("/(?!admin).*", "look-around"),
        ("(?<=x)y", "look-around"),
        (r"(a)\1", "back-reference"),
        ("(?>a)", "no group"),
        ("(?x) a", "no group"),
        ("/a(b", "not closed"),
        ("/ab)", "closes no group"),
        ("[a-z", "not closed"),
        ("*/x", "nothing to repeat"),
        ("a|+", "nothing to repeat"),
        ("a++", "possessive"),
        ("a**", "possessive"),
        ("a{1001}", "1000"),
        ("a{3,2}", "lower one first"),
        ("((a{100}){11})", "1000"),
        ("[z-a]", "backwards"),
        (r"[a-\d]", "not part of RE2"),
        (r"\Z", "not part of RE2"),
        (r"\u0041", "not part of RE2"),
        (r"[\b]", "not part of RE2"),
        ("x\\", "backslash"),
        ("[[:letter:]]", "no class"),
        ("(?P<n>a)(?P<n>b)", "twice"),
    ] {
        let told = refusal(pattern).unwrap_or_default();
        assert!(told.contains(word), "{pattern}: {told}");
    }
}
