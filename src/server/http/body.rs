//! Reading a request's body, within limits of size and time.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use axum::BoxError;
use axum::body::HttpBody;
use axum::http::StatusCode;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::server::limits::{BODY_TIMEOUT, MAX_BODY_BYTES};
use crate::server::rpc::RpcError;

/// The whole body, within its limits of size and time.
///
/// # Errors
/// 408, 413, or 400 where the sender broke it off.
pub(in crate::server) async fn read_body<B>(body: B) -> Result<Bytes, RpcError>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
{
    let too_large = || RpcError::refused(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 1 MiB");
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(too_large());
    }
    let mut reading = pin!(whole(Limited::new(body, MAX_BODY_BYTES)));
    // Most bodies come with their head: only where one is waited for, a timer is set.
    let read = match poll_fn(|context| Poll::Ready(reading.as_mut().poll(context))).await {
        Poll::Ready(read) => Ok(read),
        Poll::Pending => tokio::time::timeout(BODY_TIMEOUT, reading).await,
    };
    match read {
        Err(_) => Err(RpcError::refused(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(RpcError::refused(StatusCode::BAD_REQUEST, "the body could not be read")),
        Ok(Ok(whole)) => Ok(whole),
    }
}

/// All of a body. Most come in one piece, which is then neither copied nor put into a list.
async fn whole<B: HttpBody<Data = Bytes>>(body: B) -> Result<Bytes, B::Error> {
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame?.into_data() else { continue };
        if first.is_empty() && all.is_empty() {
            first = piece;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&piece);
        }
        if body.is_end_stream() {
            break;
        }
    }
    Ok(if all.is_empty() { first } else { all.into() })
}
