//! Facts of a VirtualService as a whole that offers hosts to external clients.
use super::facts;

facts! {
    /// A place in a VirtualService with something to say about it.
    pub struct Remark {
        /// The field: `spec.http[0].match[1].uri.regex`; empty for the whole.
        field: String,
        /// What stands there; empty where nothing does.
        value: String,
        /// What is wrong with it, in words.
        why: String,
    }
}

facts! {
    /// An http rule whose weights are not percentages.
    pub struct Weights {
        /// The rule: `spec.http[0]`.
        field: String,
        /// The weights as written, `50, 40`.
        written: String,
        /// Their sum.
        sum: i64,
        /// JSON patch operations, without brackets, that give every destination its share of 100; empty where all weights are 0.
        patch: String,
    }
}

facts! {
    /// A VirtualService that names `external-mesh`.
    pub struct Exporter {
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: String,
        /// The cluster.
        membership: String,
        /// The hosts as written.
        hosts: Vec<String>,
        /// What Istio's validation refuses, as far as that is sure.
        invalid: Vec<Remark>,
        /// Regular expressions that RE2 refuses, or that are longer than Istio takes.
        bad_regexes: Vec<Remark>,
        /// Http rules with several destinations whose weights do not sum to 100.
        odd_weights: Vec<Weights>,
        /// Http rules that answer calls themselves with an error, in the place of a workload.
        refusing: Vec<Remark>,
        /// Whether no call of the hosts gets another answer.
        refuses_all: bool,
        /// JSON patch operations, without brackets, that take the faults away; empty where a rule has nowhere else to send calls.
        unfault_patch: String,
        /// Http rules that no request reaches, since an earlier one takes all that they match.
        unreachable: Vec<Remark>,
    }
}
