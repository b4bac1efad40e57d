//! The words that everything synthetic is made of, the more frequent first.

/// Words that hold sentences together.
pub(super) const FUNCTION: &str = "
    the and for to of with in a use when or that this on from is are by as your you it into at be all across must
    before after without each not any via these where if has can will its their than should then only using both
";

/// Content words of the field: what people who write agents, skills and commands write about.
pub(super) const CONTENT: &str = "
    code test data review design build system security performance api service application database production pattern
    team user project model agent workflow implementation architecture error development quality best practices cloud
    analysis deployment specialist expert management framework testing integration documentation optimization strategy
    component python engineer query monitoring configuration infrastructure pipeline debug automation report library
    process client server frontend backend language file function change standard requirement tool task event state
    issue failure schema migration cluster container image network request response endpoint interface contract type
    cache memory storage index search table row column record transaction lock queue message stream batch job worker
    thread async latency throughput benchmark profile trace metric log alert dashboard incident runbook recovery backup
    restore replica shard partition region zone gateway proxy balancer router domain certificate secret key token
    session identity access role permission policy audit compliance privacy risk threat vulnerability scanner patch
    release version branch commit merge conflict history repository package module dependency license registry artifact
    binary compiler runtime interpreter parser lexer grammar syntax semantic tree graph node edge path cycle sort filter
    map reduce fold join group aggregate window sample feature label training inference embedding vector prompt context
    retrieval ranking evaluation experiment hypothesis metricset notebook chart report visual accessibility color layout
    page screen form button menu modal theme style animation gesture mobile desktop browser plugin extension widget
    template markup render hydration bundle asset font icon image video audio codec stream buffer packet protocol socket
    header cookie redirect webhook payload validation sanitization encoding encryption hash signature integrity checksum
    payment invoice subscription billing customer order cart product catalog inventory shipping supplier warehouse price
    discount tax ledger account balance transfer refund fraud forecast budget marketing campaign audience content email
    newsletter keyword ranking link analytics conversion funnel retention onboarding support ticket feedback survey
    interview hiring contract legal clause policy regulation gdpr hipaa finance portfolio option equity risk hedge
    quant backtest simulation game engine shader texture mesh physics collision sprite level quest dialogue sensor
    firmware driver interrupt register peripheral microcontroller bootloader kernel scheduler allocator pointer lifetime
    ownership borrow macro generic trait inheritance closure iterator coroutine promise observable reactive signal store
    reducer selector middleware decorator singleton factory adapter facade observer visitor strategy repository unit
    fixture mock stub snapshot coverage mutation property fuzz regression smoke acceptance contract load stress chaos
    canary rollout rollback feature flag toggle environment variable terraform ansible helm chart manifest operator
    namespace ingress sidecar mesh quota autoscaling spot reserved cost budget tagging landing account organization
    kubernetes docker react typescript javascript rust golang java kotlin swift ruby rails django flask spring node
    express graphql grpc postgres mysql redis kafka elasticsearch mongodb sqlite spark airflow snowflake dbt pandas numpy
    pytorch tensorflow sklearn linux bash powershell windows macos android flutter unity godot blockchain solidity wallet
    threejs svelte angular vue tailwind webpack vite jest pytest cypress playwright selenium storybook figma jira slack
    github gitlab jenkins prometheus grafana datadog sentry opentelemetry vault consul nginx envoy istio lambda azure
";

/// What an agent is called after its subject.
pub(super) const ROLES: [&str; 24] = [
    "expert",
    "pro",
    "engineer",
    "architect",
    "reviewer",
    "specialist",
    "developer",
    "analyst",
    "auditor",
    "planner",
    "debugger",
    "tester",
    "optimizer",
    "manager",
    "writer",
    "designer",
    "operator",
    "assistant",
    "advisor",
    "guardian",
    "researcher",
    "builder",
    "migrator",
    "coordinator",
];

/// Endings of derived words.
pub(super) const ENDINGS: [&str; 12] =
    ["s", "ing", "ed", "er", "able", "ation", "ment", "ity", "less", "ly", "ness", "ize"];

/// Syllables of names that mean nothing: products, libraries, people.
pub(super) const SYLLABLES: [&str; 48] = [
    "ka", "ro", "vex", "ti", "lum", "ora", "fen", "dri", "mo", "qua", "sil", "bar", "ne", "zu", "pra", "tel",
    "gri", "ho", "jan", "cle", "bo", "wen", "ser", "ac", "ul", "ist", "ar", "yn", "dex", "ply", "stra",
    "mer", "no", "via", "cor", "tru", "ga", "lin", "hex", "pi", "ran", "sto", "ble", "ixa", "und", "ev",
    "ota", "ram",
];

/// Endings of technical names.
pub(super) const NAME_ENDINGS: [&str; 12] =
    ["", "", "", "", "db", "js", "ql", "ctl", "kit", "hub", "py", "2"];
