//! The accept loop: bounded connections, a timeout for heads, no delay on small answers, a drain at the end.
//!
//! `axum::serve` installs no timer, so that hyper's head timeout would never fire and one slow client could
//! hold up the shutdown; hence a loop of our own over the same parts.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::limits::{ACCEPT_PAUSE, DRAIN, HEAD_TIMEOUT, MAX_CONNECTIONS, MAX_HEAD_BYTES, MAX_HEADERS};
use crate::tasks::Tasks;

/// Serves `router` on all `listeners` until `tasks` is asked to stop, then lets open requests finish, at most
/// for [`DRAIN`].
pub async fn serve(listeners: Vec<TcpListener>, router: Router, tasks: &Tasks) {
    let connections = Tasks::default();
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let accepting = listeners.into_iter().map(|listener| accept(listener, &router, &connections, &permits));
    tokio::select! {
        _ = futures_util::future::join_all(accepting) => {}
        () = tasks.stopped() => {}
    }
    connections.stop();
    if tokio::time::timeout(DRAIN, connections.finished()).await.is_err() {
        tracing::warn!(after_s = DRAIN.as_secs(), "stopping although requests are still open");
    }
}

async fn accept(listener: TcpListener, router: &Router, connections: &Tasks, permits: &Arc<Semaphore>) {
    loop {
        let Ok(permit) = Arc::clone(permits).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let work = connection(stream, router.clone(), connections.clone());
                connections.spawn(async move {
                    work.await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of descriptors, or the client is gone already: neither may end the loop.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router, connections: Tasks) {
    // Without it small answers wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            Ok::<_, Infallible>(
                router.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {}),
            )
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_headers(MAX_HEADERS);
    builder.max_buf_size(MAX_HEAD_BYTES).half_close(false);
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = connections.stopped() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
