//! Cloud Logging entries as a file: all different, and the same file every time.
use std::io::{BufWriter, Write};
use tempfile::{NamedTempFile, TempPath};

/// A random number: the same file every time.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

const HEALTHY: &[&str] = &[
    r#""textPayload":"[2026-11-24T03:43:15.127Z] \"GET /api/v1/orders?page=$N HTTP/1.1\" 200 - via_upstream - \"-\" 0 $N 12 11 \"-\" \"Go-http-client/1.1\" \"$H\" \"orders.mesh.private\" \"10.8.3.$N:8080\" outbound|80||orders.shop.svc.cluster.local 169.254.1.1:60900 10.189.199.5:80 169.254.1.1:58468 - default""#,
    r#""httpRequest":{"requestMethod":"GET","requestUrl":"https://web-$N.a.run.app/checkout?cart=$H","requestSize":"$N","status":200,"responseSize":"5512","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36","remoteIp":"203.0.113.9","latency":"0.0412s","protocol":"HTTP/1.1"},"trace":"projects/p/traces/$H""#,
    r#""jsonPayload":{"message":"order $N stored for customer $H, connection returned to pool after 14 ms","level":"info","logger":"com.example.orders.OrderService","thread":"http-nio-8080-exec-7"}"#,
    r#""textPayload":"GET /fortio/fetch/ok 200 upstream closed: 7 items in cart, permission checked for $H""#,
    r#""textPayload":"[2026-11-24 03:48:51.558][15][info][upstream] [external/envoy/source/common/upstream/cds_api_helper.cc:91] cds: added/updated 1 cluster(s) (skipped $N unmodified cluster(s)); removed 0 cluster(s)""#,
    r#""jsonPayload":{"authority":"orders.mesh.private","bytes_received":0,"bytes_sent":$N,"method":"GET","path":"/api","protocol":"HTTP/1.1","request_id":"$H","response_code":200,"response_code_details":"via_upstream","response_flags":"-","route_name":"default","start_time":"2026-11-24T03:43:15.127Z","upstream_cluster":"outbound|80||orders.shop.svc.cluster.local","upstream_host":"10.8.3.4:8080","upstream_transport_failure_reason":null}"#,
];

/// So many bytes of entries, of which one in a hundred has one of the `broken` payloads.
pub fn write(size: usize, broken: &[&str]) -> TempPath {
    let file = NamedTempFile::new().unwrap();
    let mut out = BufWriter::new(&file);
    let (mut state, mut written) = (0x9e37_79b9_7f4a_7c15, 0);
    while written < size {
        let payloads = if random(&mut state).is_multiple_of(100) {
            broken
        } else {
            HEALTHY
        };
        let payload = payloads[random(&mut state) as usize % payloads.len()];
        let hex = format!("{:016x}{:016x}", random(&mut state), random(&mut state));
        let payload = payload
            .replace("$H", &hex)
            .replace("$N", &(random(&mut state) % 250).to_string());
        let service = ["web", "checkout", "partner-api", "cron-jobs"][random(&mut state) as usize % 4];
        let line = format!(
            "{{\"insertId\":\"{hex}\",\"logName\":\"projects/shop-prod/logs/run.googleapis.com%2Fvarlog%2Fsystem\",\"resource\":{{\"type\":\"cloud_run_revision\",\"labels\":{{\"project_id\":\"shop-prod\",\"location\":\"us-central1\",\"service_name\":\"{service}\",\"configuration_name\":\"{service}\",\"revision_name\":\"{service}-00002-dkx\"}}}},\"labels\":{{\"instanceId\":\"4b5e57f6eb2f42b9039b3d1e13929295{hex}\"}},\"severity\":\"INFO\",\"timestamp\":\"2026-11-20T08:56:{:02}.{:06}Z\",\"receiveTimestamp\":\"2026-11-20T08:57:55.000000Z\",{payload}}}\n",
            random(&mut state) % 60,
            random(&mut state) % 1_000_000,
        );
        out.write_all(line.as_bytes()).unwrap();
        written += line.len();
    }
    out.flush().unwrap();
    drop(out);
    file.into_temp_path()
}
