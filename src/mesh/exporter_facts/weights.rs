//! Weights of http rules with several destinations.
use crate::k8s::istio::HttpRoute;
use crate::mesh::facts::Weights;
use serde_json::json;

/// Rules whose weights do not sum to 100. Negative ones are no weights at all and told elsewhere.
pub fn odd(rules: &[HttpRoute]) -> Vec<Weights> {
    let mut found = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        let weights: Vec<i64> = rule.route.iter().map(|route| route.weight).collect();
        let sum = weights
            .iter()
            .fold(0i64, |sum, weight| sum.saturating_add(*weight));
        if weights.len() < 2 || sum == 100 || weights.iter().any(|weight| *weight < 0) {
            continue;
        }
        let patch: Vec<String> = shares(&weights)
            .into_iter()
            .enumerate()
            .map(|(j, share)| {
                json!({"op": "add", "path": format!("/spec/http/{i}/route/{j}/weight"), "value": share})
                    .to_string()
            })
            .collect();
        found.push(Weights {
            field: format!("spec.http[{i}]"),
            written: weights
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            sum,
            patch: patch.join(", "),
        });
    }
    found
}

/// The same proportions in whole percents that sum to 100: what rounding down leaves goes to the first that lost most. Empty without
/// any weight.
fn shares(weights: &[i64]) -> Vec<i64> {
    let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if total == 0 {
        return Vec::new();
    }
    let exact: Vec<(i128, i128)> = weights
        .iter()
        .map(|weight| {
            (
                i128::from(*weight) * 100 / total,
                i128::from(*weight) * 100 % total,
            )
        })
        .collect();
    let given: i128 = exact.iter().map(|(share, _)| share).sum();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(exact[*i].1));
    let more: Vec<usize> = order
        .into_iter()
        .take(usize::try_from(100 - given).unwrap_or(0))
        .collect();
    let share = |(i, (share, _)): (usize, &(i128, i128))| {
        i64::try_from(share + i128::from(more.contains(&i))).unwrap_or(100)
    };
    exact.iter().enumerate().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn shares_keep_the_proportions_and_sum_to_a_hundred() {
        assert_eq!(shares(&[1, 1, 1]), [34, 33, 33]);
        assert_eq!(shares(&[50, 40]), [56, 44]);
        assert_eq!(shares(&[0, 7]), [0, 100]);
        assert_eq!(shares(&[0, 0]), [0i64; 0]);
    }
}
