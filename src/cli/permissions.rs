//! `meshdoctor permissions`: what the operator must be allowed, from the collectors' own declarations.
use super::{CliError, exit, output};
use crate::collect::permissions;
use clap::ValueEnum;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// How to print them
    #[arg(short, long, value_enum, default_value_t = Form::Gcloud)]
    output: Form,
    /// The project that the role is made in
    #[arg(
        long,
        env = "MESHDOCTOR_PROJECT",
        value_name = "PROJECT",
        default_value = "PROJECT"
    )]
    project: String,
    /// Whom to grant it, such as user:you@example.com
    #[arg(long, value_name = "MEMBER", default_value = "user:YOU@EXAMPLE.COM")]
    member: String,
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
    let text = match args.output {
        Form::Gcloud => permissions::as_gcloud(&args.project, &args.member),
        Form::Terraform => permissions::as_terraform(&args.project, &args.member),
        Form::Kubectl => {
            permissions::as_kubectl(args.member.split_once(':').map_or(&args.member, |(_, user)| user))
        }
    };
    output::write(&text, None)?;
    Ok(exit::FINE)
}
