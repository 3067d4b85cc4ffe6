package actas.rules.act_test

import data.actas.lib.fixtures_test as base
import data.actas.lib.verdict_test as verdict

_readable := ["facts", "subject_token", "chain", "well_formed"]

test_a_readable_chain_passes if verdict.denied("act", base.request) == set()

test_a_malformed_chain_denies if {
	verdict.denied("act", verdict.put(base.request, _readable, false)) == {"ACT_MALFORMED"}
}

test_a_chain_that_nobody_read_denies if {
	verdict.denied("act", verdict.drop(base.request, [_readable])) == {"ACT_MALFORMED"}
}
