# METADATA
# title: Approvals
# description: >-
#   A scope of a risk class that needs an approval has one that a human gave for exactly this. It
#   adds nothing beyond the ceilings and replaces no step-up.
package actas.rules.approval

import data.actas.lib.approval

# METADATA
# description: Every proof of this package. Where all hold, nothing here denies.
proven if {
	_verifiable
	_approvers_eligible
	_approval_present
	_approval_matches
	_approval_unexpired
	_approval_standing
}

# METADATA
# title: Verified approvals
# description: >-
#   Only what the caller resolved in trusted state counts; where nothing else would do, an
#   unverified approval is an attempt and no request for one.
# related_resources:
# - ref: https://openid.github.io/authzen/
#   description: ARAP
# custom:
#   code: APPROVAL_UNVERIFIABLE
#   error: access_denied
#   checks: [APR-04]
#   reason: an approval cannot be verified
deny contains {
	"code": "APPROVAL_UNVERIFIABLE",
	"rule": "approval",
	"reason": "an approval cannot be verified",
} if not _verifiable

_verifiable if approval.covered

else if count(approval.unverified) == 0

# METADATA
# title: Eligible approvers
# description: >-
#   Neither the actor, nor an earlier actor, nor the client approves, and where the client lists
#   approvers nobody else does.
# related_resources:
# - ref: https://openid.github.io/authzen/
#   description: ARAP
# custom:
#   code: APPROVER_INELIGIBLE
#   error: access_denied
#   checks: [APR-05]
#   reason: the approver may not approve this
deny contains {
	"code": "APPROVER_INELIGIBLE",
	"rule": "approval",
	"reason": "the approver may not approve this",
} if not _approvers_eligible

_approvers_eligible if approval.covered

else if count(approval.ineligible) == 0

# METADATA
# title: An approval
# description: >-
#   There is an approval that somebody decided; a pending one is none.
# related_resources:
# - ref: https://openid.github.io/authzen/
#   description: ARAP
# custom:
#   code: APPROVAL_REQUIRED
#   error: access_denied
#   checks: [APR-01, APR-07]
#   reason: an approval is required
deny contains {
	"code": "APPROVAL_REQUIRED",
	"rule": "approval",
	"reason": "an approval is required",
} if not _approval_present

_approval_present if approval.covered

# What was presented has a defect of its own, and is denied under the code of that defect.
else if count(approval.unverified) > 0

else if count(approval.mismatched) > 0

else if count(approval.ineligible) > 0

else if count(approval.ended) > 0

else if count(approval.taken_back) > 0

# METADATA
# title: An approval of exactly this
# description: >-
#   Subject, actor, client, target and scope of the approval are those of the request.
# related_resources:
# - ref: https://openid.github.io/authzen/
#   description: ARAP
# custom:
#   code: APPROVAL_MISMATCH
#   error: access_denied
#   checks: [APR-02, APR-06]
#   reason: the approval is for something else
deny contains {
	"code": "APPROVAL_MISMATCH",
	"rule": "approval",
	"reason": "the approval is for something else",
} if not _approval_matches

_approval_matches if approval.covered

else if count(approval.mismatched) == 0

# METADATA
# title: An approval that still holds
# description: >-
#   The approval ends after now.
# related_resources:
# - ref: https://openid.github.io/authzen/
#   description: ARAP
# custom:
#   code: APPROVAL_EXPIRED
#   error: access_denied
#   checks: [APR-03, LIF-03]
#   reason: the approval has expired
deny contains {
	"code": "APPROVAL_EXPIRED",
	"rule": "approval",
	"reason": "the approval has expired",
} if not _approval_unexpired

_approval_unexpired if approval.covered

else if count(approval.ended) == 0

# METADATA
# title: An approval that was not taken back
# description: >-
#   Denied, revoked, cancelled and superseded approvals are none; their state is looked up at use.
# related_resources:
# - ref: https://openid.github.io/authzen/
#   description: ARAP
# custom:
#   code: APPROVAL_REVOKED
#   error: access_denied
#   checks: [APR-03]
#   reason: the approval was denied or taken back
deny contains {
	"code": "APPROVAL_REVOKED",
	"rule": "approval",
	"reason": "the approval was denied or taken back",
} if not _approval_standing

_approval_standing if approval.covered

else if count(approval.taken_back) == 0
