/**
 * Decisions that wait on disk while the service is away, in a folder that all clients of a project share.
 *
 * `<unix ms, 13 digits>-<8 hex digits>.json` holds the parameters of one `cacheDecision`. It is written as
 * `<name>.tmp`, synced and renamed. Whoever sends it claims it by renaming it to `<name>.claimed-<unix ms>`, and
 * deletes it once it is acknowledged, gives it back where the service is not available, or renames it to
 * `<name>.refused` where the service does not take it. Nobody goes past a claim of somebody else, so that decisions
 * arrive in the order they were made in; a claim older than a minute is taken back.
 */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { wordsOf } from './say.js';
/** Files and bytes of the folder at most, refused ones included. */
const MAX_FILES = 10_000;
const MAX_BYTES = 16 * 1024 * 1024;
/** Decisions kept in memory where the folder cannot be written. */
const MAX_IN_MEMORY = 1_000;
/** Decisions moved from memory to disk before a new one: syncing each may take 10 ms, and the caller waits. */
const MOVED_AT_ONCE = 16;
/** Bytes of one decision: what the service takes in a request. */
const MAX_DECISION_BYTES = 1024 * 1024;
/** A claim as old as this belongs to somebody who has ended. */
const STALE_CLAIM_MS = 60_000;
/** A file that was not finished by then never will be. */
const STALE_TEMPORARY_MS = 600_000;
/** How long a count of the folder is relied on. */
const COUNT_MS = 30_000;
const WAITING = /^(\d{13})-[0-9a-f]{8}\.json$/;
const CLAIMED = /^(\d{13}-[0-9a-f]{8}\.json)\.claimed-(\d{1,16})$/;
const TEMPORARY = /^(\d{13})-[0-9a-f]{8}\.json\.tmp$/;
export class Outbox {
    #folder;
    #voice;
    #memory = [];
    /** Names known to wait, oldest first; what is not there any more is noticed when it is claimed. */
    #names = [];
    #count;
    #lastMs = 0;
    constructor(folder, voice) {
        this.#folder = folder;
        this.#voice = voice;
    }
    /** Keeps a decision until it can be sent; never rejects. */
    async add(text) {
        try {
            // What waits in memory is older, and the disk may have become writable.
            for (let moved = 0; moved < MOVED_AT_ONCE && this.#memory[0] !== undefined; moved += 1) {
                if (!(await this.#write(this.#memory[0])))
                    break;
                this.#memory.shift();
            }
            if (this.#memory.length === 0)
                return (await this.#write(text)) ? 'disk' : this.#full();
        }
        catch (error) {
            const message = `decisions cannot be kept in ${this.#folder} (${wordsOf(error)}): they are kept in memory`;
            this.#voice.once('memory', message);
        }
        if (this.#memory.length >= MAX_IN_MEMORY)
            return this.#full();
        this.#memory.push(text);
        return 'memory';
    }
    #full() {
        this.#voice.once('full', `no further decisions are kept: ${this.#folder} is full`);
        return 'refused';
    }
    /** Writes one file; false where the folder is full. */
    async #write(text) {
        await mkdir(this.#folder, { recursive: true });
        const size = Buffer.byteLength(text);
        let count = await this.#counted(false);
        if (count.files + 1 > MAX_FILES || count.bytes + size > MAX_BYTES)
            count = await this.#counted(true);
        if (count.files + 1 > MAX_FILES || count.bytes + size > MAX_BYTES)
            return false;
        // Later ones sort later, also within a millisecond and where the clock was set back.
        this.#lastMs = Math.max(Date.now(), this.#lastMs + 1);
        const name = `${String(this.#lastMs).padStart(13, '0')}-${randomBytes(4).toString('hex')}.json`;
        const path = join(this.#folder, name);
        const file = await open(`${path}.tmp`, 'wx', 0o600);
        try {
            await file.writeFile(text);
            await file.sync();
        }
        catch (error) {
            await unlink(`${path}.tmp`).catch(() => undefined);
            throw error;
        }
        finally {
            await file.close();
        }
        await rename(`${path}.tmp`, path);
        await this.#sync();
        count.files += 1;
        count.bytes += size;
        return true;
    }
    /** Makes a rename last; where folders cannot be synced, the file itself is. */
    async #sync() {
        const folder = await open(this.#folder, 'r').catch(() => undefined);
        await folder?.sync().catch(() => undefined);
        await folder?.close();
    }
    async #counted(anew) {
        if (!anew && this.#count !== undefined && Date.now() - this.#count.at < COUNT_MS)
            return this.#count;
        const names = await readdir(this.#folder);
        const sizes = await Promise.all(names.map((name) => lstat(join(this.#folder, name)).then(({ size }) => size, () => 0)));
        const newest = names.map((name) => Number(WAITING.exec(name)?.[1] ?? 0)).reduce((one, other) => Math.max(one, other), 0);
        this.#lastMs = Math.max(this.#lastMs, newest);
        this.#count = { files: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0), at: Date.now() };
        return this.#count;
    }
    /**
     * Takes out the oldest decision that is not among `passed`: a claim, `empty` where none waits, or `elsewhere` where
     * another client is sending, or nothing can be claimed.
     */
    async next(passed) {
        for (;;) {
            const name = this.#names.find((known) => !passed.has(known));
            if (name === undefined) {
                const listed = await this.#list(passed);
                if (listed === 'waiting')
                    continue;
                const inMemory = this.#memory[0];
                if (listed === 'elsewhere' || inMemory === undefined)
                    return listed;
                return { name: '', file: undefined, text: inMemory };
            }
            this.#names = this.#names.filter((known) => known !== name);
            const file = `${name}.claimed-${Date.now()}`;
            try {
                await rename(join(this.#folder, name), join(this.#folder, file));
            }
            catch (error) {
                // Somebody else has it: where do matters stand now?
                this.#names = [];
                if (error.code === 'ENOENT')
                    continue;
                this.#voice.once('claim', `what waits in ${this.#folder} cannot be claimed: ${wordsOf(error)}`);
                return 'elsewhere';
            }
            const text = await this.#textOf(file);
            if (text !== undefined)
                return { name, file, text };
            await this.refuse({ name, file, text: '' }, 'its file cannot be read');
        }
    }
    async #textOf(file) {
        try {
            const path = join(this.#folder, file);
            // A pipe would be waited for, a link may lead out of the project.
            const stats = await lstat(path);
            if (!stats.isFile() || stats.size > MAX_DECISION_BYTES)
                return undefined;
            const text = await readFile(path, 'utf8');
            const params = JSON.parse(text);
            return typeof params === 'object' && params !== null && !Array.isArray(params) ? text : undefined;
        }
        catch {
            return undefined;
        }
    }
    /** Reads the folder: what waits, and whether somebody else is at it. */
    async #list(passed) {
        let all;
        try {
            all = await readdir(this.#folder);
        }
        catch {
            // Not there, or not a folder: nothing waits on disk.
            return 'empty';
        }
        const waiting = all.filter((name) => WAITING.test(name));
        let claimedElsewhere = false;
        for (const file of all) {
            const [, name, since] = CLAIMED.exec(file) ?? [];
            if (name !== undefined && Math.abs(Date.now() - Number(since)) < STALE_CLAIM_MS)
                claimedElsewhere = true;
            else if (name !== undefined && (await this.#move(file, name)))
                waiting.push(name);
            const [, begun] = TEMPORARY.exec(file) ?? [];
            if (begun !== undefined && Date.now() - Number(begun) > STALE_TEMPORARY_MS) {
                await unlink(join(this.#folder, file)).catch(() => undefined);
            }
        }
        if (claimedElsewhere)
            return 'elsewhere';
        this.#names = waiting.sort();
        return waiting.some((name) => !passed.has(name)) ? 'waiting' : 'empty';
    }
    /** The service has it. */
    async done({ name, file, text }) {
        if (file === undefined) {
            this.#memory.shift();
            return;
        }
        if (this.#count !== undefined) {
            this.#count.files -= 1;
            this.#count.bytes -= Buffer.byteLength(text);
        }
        await unlink(join(this.#folder, file)).catch((error) => {
            this.#voice.once('unlink', `${name} was sent but cannot be deleted: ${wordsOf(error)}`);
        });
    }
    /** The service is not available, or cannot take it now. */
    async giveBack({ name, file }) {
        if (file !== undefined)
            await this.#move(file, name);
        this.#names = [];
    }
    /** The service will never take it: it is kept for whoever wants to know. */
    async refuse({ name, file }, why) {
        if (file === undefined) {
            this.#memory.shift();
            this.#voice.say(`a decision was refused: ${why}`);
            return;
        }
        const moved = await this.#move(file, `${name}.refused`);
        const where = moved ? `${name}.refused is kept in ${this.#folder}` : name;
        this.#voice.once(`refused ${name}`, `a decision was refused (${why}); ${where}`);
    }
    /** How many decisions wait; those being sent count. */
    async waiting() {
        const names = await readdir(this.#folder).catch(() => []);
        return names.filter((name) => WAITING.test(name) || CLAIMED.test(name)).length + this.#memory.length;
    }
    async #move(from, to) {
        return rename(join(this.#folder, from), join(this.#folder, to)).then(() => true, () => false);
    }
}
