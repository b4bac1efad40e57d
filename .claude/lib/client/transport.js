/** One HTTP exchange with whoever listens, within a time and a size. */
import * as http from 'node:http';
/** Bytes of an answer that are read: a definition has up to 1 MiB, six times that where every byte is escaped. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** Idle connections are closed after this, before the service does it (5 s), so that none breaks when it is used. */
const IDLE_MS = 4_000;
/** Connections open at once; further exchanges wait for one. */
const MAX_CONNECTIONS = 16;
/** The service is not available; the message says why, as the end of a sentence. */
export class Unavailable extends Error {
    failure;
    /** Whether a kept connection turned out to be broken, so that trying again at once is worth it. */
    stale;
    constructor(failure, message, stale = false) {
        super(message);
        this.failure = failure;
        this.stale = stale;
    }
}
/** What the codes of a socket mean; all others come from an answer that is not HTTP, or from no network. */
const FAILURES = {
    ECONNREFUSED: 'refused',
    ECONNRESET: 'gone',
    ECONNABORTED: 'gone',
    EPIPE: 'gone',
};
/** Exchanges over connections that are kept, and word of when the last of them is closed. */
export class Transport {
    #agent = new http.Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS, timeout: IDLE_MS });
    #known = new WeakSet();
    #onAllClosed;
    #open = 0;
    /** `onAllClosed` is called when no connection is left: who listens may be somebody else from then on. */
    constructor(onAllClosed) {
        this.#onAllClosed = onAllClosed;
    }
    close() {
        this.#agent.destroy();
    }
    /**
     * Sends one request and reads the whole answer, within `timeoutMs` in all; rejects with `Unavailable`. A token is
     * said to whoever listens.
     */
    exchange(base, path, body, timeoutMs, token) {
        return new Promise((resolve, reject) => {
            const headers = { accept: 'application/json' };
            if (token !== undefined)
                headers['authorization'] = `Bearer ${token}`;
            if (body !== undefined) {
                headers['content-type'] = 'application/json';
                headers['content-length'] = Buffer.byteLength(body);
            }
            const request = http.request({
                agent: this.#agent,
                hostname: base.hostname.replace(/^\[|\]$/g, ''),
                port: base.port === '' ? 80 : base.port,
                path,
                method: body === undefined ? 'GET' : 'POST',
                headers,
            });
            let settled = false;
            const fail = (failure, why) => {
                if (settled)
                    return;
                settled = true;
                clearTimeout(timer);
                reject(new Unavailable(failure, why, failure === 'gone' && request.reusedSocket));
                request.destroy();
            };
            const timer = setTimeout(() => fail('silent', `there was no answer within ${timeoutMs} ms`), timeoutMs);
            request.on('socket', (socket) => this.#count(socket));
            request.on('error', (error) => {
                const failure = FAILURES[error.code ?? ''] ?? 'stranger';
                fail(failure, failure === 'refused' ? `nobody listens on ${base.host}` : error.message);
            });
            request.on('close', () => fail('gone', 'the connection was closed'));
            request.on('response', (response) => {
                const chunks = [];
                let size = 0;
                response.on('data', (chunk) => {
                    size += chunk.length;
                    if (size > MAX_ANSWER_BYTES)
                        fail('stranger', 'its answer is too large');
                    else
                        chunks.push(chunk);
                });
                response.on('error', () => fail('gone', 'the answer broke off'));
                response.on('end', () => {
                    if (!response.complete)
                        return fail('gone', 'the answer broke off');
                    settled = true;
                    clearTimeout(timer);
                    resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
                });
            });
            request.end(body);
        });
    }
    #count(socket) {
        if (this.#known.has(socket))
            return;
        this.#known.add(socket);
        this.#open += 1;
        socket.once('close', () => {
            this.#open -= 1;
            if (this.#open === 0)
                this.#onAllClosed();
        });
    }
}
