//! A Kubernetes client by the written kubeconfig.
use crate::server::{base_world, bind, file};
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use meshdoctor::replay::write_config;

#[tokio::test(flavor = "multi_thread")]
async fn a_kubernetes_client_lists_through_the_written_kubeconfig() {
    let folder = tempfile::tempdir().unwrap();
    let replay = bind(base_world(), Some(1), "[]").await;
    let config = folder.path().join("meshdoctor.toml");
    write_config(&replay, &config).unwrap();
    tokio::spawn(replay.serve(std::future::pending()));

    let kubeconfig =
        kube::config::Kubeconfig::read_from(folder.path().join("meshdoctor.kubeconfig")).unwrap();
    let options = kube::config::KubeConfigOptions {
        context: Some("prod".into()),
        ..Default::default()
    };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .unwrap();
    let client = kube::Client::try_from(config).unwrap();
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(
        "networking.istio.io",
        "v1",
        "VirtualService",
    ));
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &kind);
    let (mut names, mut parameters) = (Vec::new(), ListParams::default().limit(50));
    loop {
        let page = api.list(&parameters).await.unwrap();
        names.extend(page.items.into_iter().filter_map(|own| own.metadata.name));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters = parameters.continue_token(&token),
            None => break,
        }
    }
    let whole = file("kubernetes/prod/virtualservices.networking.istio.io.json");
    let wanted: Vec<&str> = whole["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| own["metadata"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, wanted);

    let groups = client.list_api_groups().await.unwrap();
    assert!(
        groups
            .groups
            .iter()
            .any(|group| group.name == "networking.istio.io")
    );
    let resources = client.list_core_api_resources("v1").await.unwrap();
    assert!(resources.resources.iter().any(|own| own.name == "pods"));
}
