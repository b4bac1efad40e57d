//! Stop words: words that say nothing about what is requested.

use std::sync::LazyLock;

use foldhash::HashSet;

/// English function words, the phrases around a request ("can you help me", "I need to"), and the remains of contractions
/// ("dont", "ve").
const STOP_WORDS: &str = "
    a about above after again against all almost already also although always am an and another any anybody
    anyone anything are arent around as ask asked at be because been before being below best between both
    bunch but by came can cannot cant come could couldnt d did didnt do does doesnt doing done dont down
    during each either else etc even ever every everyone everything few find for from further get gets
    getting give gives giving going gone good got had hadnt has hasnt have havent having he hello help helps
    her here hers hey hi him his how however i id if ill im in into is isnt it its itself ive just keep
    keeps kind let lets like ll looking lot lots m make makes making many may maybe me might mine more most
    much must my myself need needed needs never nice no nor not nothing now of off often ok okay on once one
    ones only onto or other others our ours out over own per please put quite rather re really s said same
    see seem seems several shall she should shouldnt since so some somebody someone something sometimes sort
    still such sure t take tell than thank thanks that thats the their theirs them then there theres these
    they theyre thing things this those though through thus to together too toward under until up upon us
    use used uses using ve very via want wanted wants was wasnt way we well went were werent what whats when
    where whether which while who whom whose why will with within without wont would wouldnt yes yet you
    your youre yours yourself
";

static SET: LazyLock<HashSet<&str>> = LazyLock::new(|| STOP_WORDS.split_whitespace().collect());

/// Whether a lower-case word is a stop word.
pub fn is_stop_word(word: &str) -> bool {
    SET.contains(word)
}
