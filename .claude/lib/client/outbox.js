/**
 * The queue of decisions on disk for the time the service is away: a directory that all clients of a project share.
 *
 * `<unix ms, 13 digits>-<8 hex digits>.json` holds the parameters of one `cacheDecision`. The number says when the
 * decision was made; a client that sends the file says so in `decided_at_ms`, and the service does not let it replace a
 * decision on the same task that was made later. It is written as `<name>.tmp`, synced and renamed. A client that sends it claims it by renaming it to `<name>.claimed-<unix ms>`, and
 * deletes it once the service has acknowledged it, releases it if the service is not available, or renames it to
 * `<name>.refused` if the service rejects it. No client sends anything while another holds a claim, so that decisions
 * arrive in the order in which they were made; a claim older than a minute is abandoned and is taken over.
 */
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { ConfinedDir, ConfinedFsError } from './confined-fs.js';
import { errorMessage } from './logger.js';
/** Most files and bytes in the directory, refused decisions included. */
const MAX_FILES = 10_000;
const MAX_BYTES = 16 * 1024 * 1024;
/** Most decisions queued in memory if the directory cannot be written. */
const MAX_IN_MEMORY = 1_000;
/** Decisions moved from memory to disk before a new one: syncing each may take 10 ms, and the caller waits. */
const MAX_MOVED_AT_ONCE = 16;
/** Largest decision: as much as the service accepts in a request. */
const MAX_DECISION_BYTES = 1024 * 1024;
/** A claim of this age belongs to a process that has ended. */
const STALE_CLAIM_MS = 60_000;
/** A file that is unfinished at this age stays unfinished. */
const STALE_TEMPORARY_MS = 600_000;
/** How long the size of the directory is remembered. */
const USAGE_TTL_MS = 30_000;
const QUEUED = /^(\d{13})-[0-9a-f]{8}\.json$/;
const CLAIMED = /^(\d{13}-[0-9a-f]{8}\.json)\.claimed-(\d{1,16})$/;
const TEMPORARY = /^(\d{13})-[0-9a-f]{8}\.json\.tmp$/;
export class Outbox {
    #root;
    #path;
    #shown;
    #logger;
    #memory = [];
    /** Names of queued files, oldest first; a file that is gone by now is noticed when it is claimed. */
    #names = [];
    #usage;
    #lastMs = 0;
    #isIgnoredByGit = false;
    /** The queue in the directory `path` below `root`. */
    constructor(root, path, logger) {
        this.#root = root;
        this.#path = path;
        this.#shown = join(root, path);
        this.#logger = logger;
    }
    /**
     * The time of a decision that is made now, in Unix milliseconds. Later decisions have later times, also within a
     * millisecond and after the clock was set back.
     */
    decisionTime() {
        this.#lastMs = Math.max(Date.now(), this.#lastMs + 1);
        return this.#lastMs;
    }
    /** Queues a decision that was made at `decidedAtMs` until it can be sent; never rejects. */
    async add(text, decidedAtMs) {
        const decision = { text, decidedAtMs };
        try {
            // Decisions in memory are older, and the disk may have become writable.
            for (let moved = 0; moved < MAX_MOVED_AT_ONCE && this.#memory[0] !== undefined; moved += 1) {
                if (!(await this.#write(this.#memory[0])))
                    break;
                this.#memory.shift();
            }
            if (this.#memory.length === 0)
                return (await this.#write(decision)) ? 'disk' : this.#full();
        }
        catch (error) {
            this.#logger.warnOnce('memory', `decisions cannot be queued on disk and are kept in memory: ${errorMessage(error)}`);
        }
        if (this.#memory.length >= MAX_IN_MEMORY)
            return this.#full();
        this.#memory.push(decision);
        return 'memory';
    }
    #full() {
        this.#logger.warnOnce('full', `new decisions are dropped: the queue in ${this.#shown} is full`);
        return 'full';
    }
    /** Opens the directory for one operation, so that one that was replaced in the meantime is noticed. */
    async #inDirectory(operation, create = false) {
        const directory = ConfinedDir.open(this.#root, this.#path, { create });
        try {
            return await operation(directory);
        }
        finally {
            directory.close();
        }
    }
    /** Has git ignore the directory above, in which the service keeps its state, as the service does; tried once. */
    async #ignoreByGit() {
        if (this.#isIgnoredByGit)
            return;
        this.#isIgnoredByGit = true;
        try {
            const directory = ConfinedDir.open(this.#root, dirname(this.#path), { create: true });
            await directory.createFile('.gitignore', '*\n').finally(() => directory.close());
        }
        catch {
            // It is there, or nothing can be written there, which the decision itself will find.
        }
    }
    /** Writes one file; false if the directory is full. */
    async #write({ text, decidedAtMs }) {
        await this.#ignoreByGit();
        return this.#inDirectory(async (directory) => {
            const size = Buffer.byteLength(text);
            const isFull = ({ files, bytes }) => files + 1 > MAX_FILES || bytes + size > MAX_BYTES;
            let usage = await this.#usageOf(directory, false);
            if (isFull(usage))
                usage = await this.#usageOf(directory, true);
            if (isFull(usage))
                return false;
            // A file that a clock set back since has named is older all the same.
            const ms = usage.newestMs > Date.now() ? Math.max(decidedAtMs, usage.newestMs + 1) : decidedAtMs;
            const name = `${String(ms).padStart(13, '0')}-${randomBytes(4).toString('hex')}.json`;
            await directory.createFile(`${name}.tmp`, text);
            await directory.rename(`${name}.tmp`, name);
            await directory.sync();
            usage.newestMs = Math.max(usage.newestMs, ms);
            usage.files += 1;
            usage.bytes += size;
            return true;
        }, true);
    }
    async #usageOf(directory, refresh) {
        if (!refresh && this.#usage !== undefined && Date.now() - this.#usage.at < USAGE_TTL_MS)
            return this.#usage;
        const names = await directory.list();
        const sizes = await Promise.all(names.map((name) => directory.sizeOf(name)));
        const newestMs = names.map((name) => Number(QUEUED.exec(name)?.[1] ?? 0)).reduce((one, other) => Math.max(one, other), 0);
        this.#usage = { files: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0), newestMs, at: Date.now() };
        return this.#usage;
    }
    /**
     * Claims the oldest decision that is not in `skipped`: `empty` if there is none, `busy` if another client is sending
     * or no decision can be claimed.
     */
    async next(skipped) {
        for (;;) {
            const name = this.#names.find((queued) => !skipped.has(queued));
            if (name === undefined) {
                const listed = await this.#refresh(skipped);
                if (listed === 'queued')
                    continue;
                const inMemory = this.#memory[0];
                if (listed === 'busy' || inMemory === undefined)
                    return listed;
                return { name: '', file: undefined, ...inMemory };
            }
            const claim = await this.#claim(name);
            if (claim !== undefined)
                return claim;
        }
    }
    /** Claims one decision; undefined if another client was faster or the file does not hold a decision. */
    async #claim(name) {
        this.#names = this.#names.filter((queued) => queued !== name);
        const file = `${name}.claimed-${Date.now()}`;
        const decidedAtMs = Number(QUEUED.exec(name)?.[1]);
        try {
            const text = await this.#inDirectory(async (directory) => {
                await directory.rename(name, file);
                return decisionIn(directory, file);
            });
            if (text !== undefined)
                return { name, file, text, decidedAtMs };
        }
        catch (error) {
            // Another client has it: the directory is listed again.
            this.#names = [];
            if (error instanceof ConfinedFsError && error.code === 'ENOENT')
                return undefined;
            this.#logger.warnOnce('claim', `queued decisions cannot be claimed: ${errorMessage(error)}`);
            return 'busy';
        }
        await this.reject({ name, file, text: '', decidedAtMs }, 'its file does not hold a decision');
        return undefined;
    }
    /** Lists the directory: whether there are decisions to send, and whether another client is sending. */
    async #refresh(skipped) {
        try {
            return await this.#inDirectory((directory) => this.#listed(directory, skipped));
        }
        catch (error) {
            // No such directory: nothing is queued on disk.
            if (error instanceof ConfinedFsError && error.code === 'ELOOP') {
                this.#logger.warnOnce('list', `queued decisions cannot be read: ${error.message}`);
            }
            return 'empty';
        }
    }
    async #listed(directory, skipped) {
        const files = await directory.list();
        const queued = files.filter((file) => QUEUED.test(file));
        let isBusy = false;
        for (const file of files) {
            const [, name, since] = CLAIMED.exec(file) ?? [];
            if (name !== undefined && Math.abs(Date.now() - Number(since)) < STALE_CLAIM_MS)
                isBusy = true;
            else if (name !== undefined && (await succeeds(directory.rename(file, name))))
                queued.push(name);
            const [, begun] = TEMPORARY.exec(file) ?? [];
            if (begun !== undefined && Date.now() - Number(begun) > STALE_TEMPORARY_MS)
                await succeeds(directory.unlink(file));
        }
        if (isBusy)
            return 'busy';
        this.#names = queued.sort();
        return queued.some((name) => !skipped.has(name)) ? 'queued' : 'empty';
    }
    /** The service has acknowledged the decision. */
    async acknowledge({ name, file, text }) {
        if (file === undefined) {
            this.#memory.shift();
            return;
        }
        if (this.#usage !== undefined) {
            this.#usage.files -= 1;
            this.#usage.bytes -= Buffer.byteLength(text);
        }
        await this.#inDirectory((directory) => directory.unlink(file)).catch((error) => {
            this.#logger.warnOnce('unlink', `${name} was sent but cannot be deleted: ${errorMessage(error)}`);
        });
    }
    /** The service is not available or cannot take the decision now: it is queued again. */
    async release({ name, file }) {
        if (file !== undefined)
            await this.#move(file, name);
        this.#names = [];
    }
    /** The service will never accept the decision: its file is set aside for inspection. */
    async reject({ name, file }, reason) {
        if (file === undefined) {
            this.#memory.shift();
            this.#logger.warn(`a decision was refused: ${reason}`);
            return;
        }
        const isMoved = await this.#move(file, `${name}.refused`);
        const where = isMoved ? `it is set aside as ${join(this.#shown, `${name}.refused`)}` : name;
        this.#logger.warnOnce(`refused ${name}`, `a queued decision was refused (${reason}); ${where}`);
    }
    /** How many decisions are queued; those being sent count. */
    async size() {
        const names = await this.#inDirectory((directory) => directory.list()).catch(() => []);
        return names.filter((name) => QUEUED.test(name) || CLAIMED.test(name)).length + this.#memory.length;
    }
    async #move(from, to) {
        return succeeds(this.#inDirectory((directory) => directory.rename(from, to)));
    }
}
/** The text of a file that holds a decision; undefined if it does not, or is a link, a pipe or too large. */
function decisionIn(directory, file) {
    try {
        const text = directory.readText(file, MAX_DECISION_BYTES);
        const params = JSON.parse(text);
        return typeof params === 'object' && params !== null && !Array.isArray(params) ? text : undefined;
    }
    catch {
        return undefined;
    }
}
function succeeds(operation) {
    return operation.then(() => true, () => false);
}
