//! The report without secrets: whatever a rule shows of configurations and logs, and whatever an API said.
use crate::redact::Teller;
use crate::report::v1;

/// Takes secrets out of every text that others wrote. An id changes as its subject does, wherever it stands.
pub fn discreet(report: &mut v1::Report, teller: &Teller) {
    let told = |text: &mut String| told(text, teller);
    let v1::Report {
        reasons,
        scope,
        path,
        findings,
        checks,
        warnings,
        ..
    } = report;
    reasons.iter_mut().chain(warnings).for_each(told);
    if let Some(scope) = scope {
        told(&mut scope.url);
    }
    for hop in path.iter_mut().flat_map(|path| &mut path.hops) {
        told(&mut hop.detail);
    }
    for reason in checks.iter_mut().filter_map(|check| check.reason.as_mut()) {
        told(reason);
    }
    findings.iter_mut().for_each(|each| finding(each, teller));
}

fn finding(finding: &mut v1::Finding, teller: &Teller) {
    let told = |text: &mut String| told(text, teller);
    let texts = [&mut finding.id, &mut finding.summary, &mut finding.explanation];
    texts.into_iter().chain(&mut finding.explained_by).for_each(told);
    if let Some(subject) = &mut finding.subject {
        told(&mut subject.name);
    }
    for evidence in &mut finding.evidence {
        told(&mut evidence.locator);
        told(&mut evidence.excerpt);
    }
    for fix in &mut finding.fixes {
        told(&mut fix.title);
        let more = [&mut fix.manifest, &mut fix.terraform];
        fix.commands
            .iter_mut()
            .chain(more.into_iter().flatten())
            .for_each(told);
        let fields = fix
            .actions
            .iter_mut()
            .flat_map(|action| action.fields.values_mut());
        fields.for_each(told);
    }
}

fn told(text: &mut String, teller: &Teller) {
    if let std::borrow::Cow::Owned(new) = teller.told(text) {
        *text = new;
    }
}
