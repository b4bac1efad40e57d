//! The accept loop: bounded connections, a timeout for heads, no delay on small answers, a drain at the end.
//!
//! `axum::serve` installs no timer, so that hyper's head timeout would never fire and one slow client could
//! hold up the shutdown; hence a loop of our own over the same parts.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::header_timeout::HeaderTimeout;
use super::service::HttpService;
use crate::server::limits::{ACCEPT_PAUSE, DRAIN, HEAD_TIMEOUT, MAX_CONNECTIONS, MAX_HEAD_BYTES};
use crate::tasks::Tasks;

/// Serves `front` on all `listeners` until `tasks` is asked to stop, then lets open requests finish, at most
/// for [`DRAIN`].
pub async fn serve(listeners: Vec<TcpListener>, front: HttpService, tasks: &Tasks) {
    let connections = Tasks::default();
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let accepting = listeners.into_iter().map(|listener| accept(listener, &front, &connections, &permits));
    tokio::select! {
        _ = futures_util::future::join_all(accepting) => {}
        () = tasks.stopped() => {}
    }
    connections.stop();
    if tokio::time::timeout(DRAIN, connections.finished()).await.is_err() {
        tracing::warn!(after_s = DRAIN.as_secs(), "stopping although requests are still open");
    }
}

async fn accept(listener: TcpListener, front: &HttpService, connections: &Tasks, permits: &Arc<Semaphore>) {
    loop {
        let Ok(permit) = Arc::clone(permits).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let work = connection(stream, front.clone(), connections.clone());
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

async fn connection(stream: TcpStream, front: HttpService, connections: Tasks) {
    // Without it small answers wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let front = Arc::new(front);
    let service = service_fn(move |request: Request<Incoming>| {
        let front = Arc::clone(&front);
        async move { Ok::<_, Infallible>(front.answer(request).await) }
    });
    let mut builder = http1::Builder::new();
    let patience = HeaderTimeout::new();
    builder.timer(patience.clone()).header_read_timeout(HEAD_TIMEOUT);
    builder.max_buf_size(MAX_HEAD_BYTES).half_close(false);
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stopped = pin!(connections.stopped());
    // Asking the token whether to stop takes locks that all connections share. Asked once, it wakes this task when it is
    // time; from then on looking at the state is enough.
    poll_fn(|context| {
        let _ = stopped.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
    let mut is_ending = false;
    let ended = patience.keep(
        poll_fn(|context| {
            if connections.is_stopping() && !is_ending {
                is_ending = true;
                serving.as_mut().graceful_shutdown();
            }
            serving.as_mut().poll(context)
        }),
        HEAD_TIMEOUT,
    );
    if let Err(error) = ended.await {
        tracing::debug!(%error, "a connection ended early");
    }
}
