//! The answer as bytes: a gRPC codec that leaves it unopened, and a look at its outermost fields.
use envoy_types::pb::envoy::service::status::v3::ClientStatusRequest;
use prost::Message;
use prost::bytes::{Buf, Bytes};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Sends requests as protobuf and hands answers on as they came: fields that this program does not know stay in them,
/// and hundreds of megabytes are not opened only to be closed again.
#[derive(Default)]
pub struct Unopened;

impl Codec for Unopened {
    type Encode = ClientStatusRequest;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Unopened {
    type Item = ClientStatusRequest;
    type Error = Status;

    fn encode(&mut self, item: ClientStatusRequest, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(out)
            .map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Unopened {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// The outermost fields of a `ClientStatusResponse`.
#[derive(Clone, PartialEq, Message)]
struct Clients {
    // Bytes share the answer's memory: nothing is copied.
    #[prost(bytes = "bytes", repeated, tag = "1")]
    config: Vec<Bytes>,
}

/// How many clients a `ClientStatusResponse` holds.
///
/// # Errors
/// In words, where the bytes are no protobuf message of that shape.
pub fn clients(answer: &Bytes) -> Result<u64, String> {
    match Clients::decode(answer.clone()) {
        Ok(clients) => Ok(clients.config.len() as u64),
        Err(error) => Err(format!("the answer is no ClientStatusResponse: {error}")),
    }
}
