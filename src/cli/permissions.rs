//! `meshdoctor permissions`: what the operator must be allowed, from the collectors' own declarations.
use super::{CliError, exit, output};
use crate::collect::permissions;
use clap::ValueEnum;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// How to print them
    #[arg(short, long, value_enum, default_value_t = Form::Gcloud)]
    output: Form,
    /// A project to be looked at: the role is made in each (repeatable)
    #[arg(
        long,
        env = "MESHDOCTOR_PROJECT",
        value_name = "PROJECT",
        default_value = "PROJECT",
        value_delimiter = ',',
        value_parser = plain
    )]
    project: Vec<String>,
    /// The organization's number, for what is granted there
    #[arg(long, value_name = "NUMBER", default_value = "ORGANIZATION", value_parser = plain)]
    organization: String,
    /// Whom to grant it, such as user:you@example.com
    #[arg(long, value_name = "MEMBER", default_value = super::preflight::NOBODY, value_parser = plain)]
    member: String,
}

/// A name that stands in a command as it is.
fn plain(text: &str) -> Result<String, String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._:@/-".contains(c);
    if text.is_empty() || text.starts_with('-') || !text.chars().all(fine) {
        return Err("no name of a project, an organization or a member".into());
    }
    Ok(text.to_owned())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Commands that make a custom role and grant it
    Gcloud,
    /// The same in Terraform
    Terraform,
    /// A ClusterRole and its binding
    Kubectl,
}

pub fn run(args: &Args) -> Result<u8, CliError> {
    let request = permissions::Request {
        projects: args.project.clone(),
        organization: args.organization.clone(),
        member: args.member.clone(),
    };
    let text = match args.output {
        Form::Gcloud => permissions::as_gcloud(&request),
        Form::Terraform => permissions::as_terraform(&request),
        Form::Kubectl => permissions::as_kubectl(&args.member),
    };
    output::write(&text, None)?;
    Ok(exit::FINE)
}
