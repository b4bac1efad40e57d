//! The accept loop: a limit on connections, a header timeout, `TCP_NODELAY`, graceful shutdown.
//!
//! `axum::serve` installs no timer, so hyper's header timeout would never fire and one slow client could block the
//! shutdown; hence a loop of our own over the same parts.

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

/// Serves `http` on all `listeners` until `tasks` is asked to stop, then drains open requests for at most [`DRAIN`].
pub async fn serve(listeners: Vec<TcpListener>, http: HttpService, tasks: &Tasks) {
    let connections = Tasks::default();
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let accepting = listeners.into_iter().map(|listener| accept(listener, &http, &connections, &permits));
    tokio::select! {
        _ = futures_util::future::join_all(accepting) => {}
        () = tasks.stopped() => {}
    }
    connections.stop();
    if tokio::time::timeout(DRAIN, connections.finished()).await.is_err() {
        tracing::warn!(after_s = DRAIN.as_secs(), "stopping although requests are still open");
    }
}

async fn accept(listener: TcpListener, http: &HttpService, connections: &Tasks, permits: &Arc<Semaphore>) {
    loop {
        let Ok(permit) = Arc::clone(permits).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let work = connection(stream, http.clone(), connections.clone());
                connections.spawn(async move {
                    work.await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of file descriptors, or the client has disconnected: neither may end the loop.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, http: HttpService, connections: Tasks) {
    // Without it small responses wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let http = Arc::new(http);
    let service = service_fn(move |request: Request<Incoming>| {
        let http = Arc::clone(&http);
        async move { Ok::<_, Infallible>(http.answer(request).await) }
    });
    let mut builder = http1::Builder::new();
    let header_timeout = HeaderTimeout::new();
    builder.timer(header_timeout.clone()).header_read_timeout(HEAD_TIMEOUT);
    builder.max_buf_size(MAX_HEAD_BYTES).half_close(false);
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stopped = pin!(connections.stopped());
    // Polling the cancellation token takes a lock that all connections share. Polled once, it wakes this task on shutdown;
    // from then on reading a flag is enough.
    poll_fn(|context| {
        let _ = stopped.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
    let mut is_ending = false;
    let ended = header_timeout.keep(
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
