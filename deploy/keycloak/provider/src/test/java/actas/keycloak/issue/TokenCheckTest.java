// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.issue;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import actas.keycloak.ask.CheckedDecision;
import actas.keycloak.ask.DecidedExchange;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.keycloak.protocol.oidc.token.TokenPostProcessorContext;
import org.keycloak.representations.AccessToken;
import org.keycloak.representations.RefreshToken;

/** A token that is not the one that was decided is refused, never repaired. */
class TokenCheckTest {
    private static void check(AccessToken token, DecidedExchange decided) throws Refusal {
        TokenCheck.check(Tokens.context(token), decided, Instant.now());
    }

    private static String refused(AccessToken token, DecidedExchange decided) {
        return assertThrows(Refusal.class, () -> check(token, decided)).getMessage();
    }

    @Test
    void the_token_that_was_decided_passes() {
        assertDoesNotThrow(() -> check(Tokens.token(), Tokens.decided()));
    }

    @Test
    void a_narrower_scope_passes() {
        AccessToken token = Tokens.token();
        token.setScope("");
        assertDoesNotThrow(() -> check(token, Tokens.decided()));
    }

    static Stream<Arguments> others() {
        return Stream.of(
                change("no sub", token -> token.subject(null), "sub is not that of the decision"),
                change("other sub", token -> token.subject("bob"), "sub is not that of the decision"),
                change("other client", token -> token.issuedFor("agent-b"), "the client is not that of the decision"),
                change("no client", token -> token.issuedFor(null), "the client is not that of the decision"),
                change("more audiences", token -> token.addAudience("bank"), "aud is not that of the decision"),
                change("other audience", token -> token.audience("bank"), "aud is not that of the decision"),
                change("no audience", token -> token.audience((String[]) null), "aud is not that of the decision"),
                change("wider scope", token -> token.setScope("mail.read mail.delete"), "scope exceeds the decision"),
                change("a key", token -> bind(token, "key"), "the token is not bound to the key of the decision"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("others")
    void another_token_is_refused(String what, Consumer<AccessToken> change, String description) {
        AccessToken token = Tokens.token();
        change.accept(token);
        assertEquals(description, refused(token, Tokens.decided()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"scope", "sub", "aud", "exp", "cnf", "azp", "iss", "nbf", "iat", "jti", "typ"})
    void a_claim_that_a_mapper_would_double_is_refused(String claim) {
        AccessToken token = Tokens.token();
        token.getOtherClaims().put(claim, "x");
        assertEquals("a mapper sets a claim of the token twice", refused(token, Tokens.decided()));
    }

    @Test
    void a_token_must_be_bound_to_the_key_of_the_decision() {
        DecidedExchange bound = Tokens.decided(
                Tokens.decision(60, Tokens.IAT + 200, null, "key", Instant.now().plusSeconds(5)));
        assertEquals("the token is not bound to the key of the decision", refused(Tokens.token(), bound));
        AccessToken other = Tokens.token();
        bind(other, "other");
        assertEquals("the token is not bound to the key of the decision", refused(other, bound));
        AccessToken token = Tokens.token();
        bind(token, "key");
        assertDoesNotThrow(() -> check(token, bound));
    }

    @Test
    void report_mode_checks_everything_but_the_scope() {
        AccessToken token = Tokens.token();
        token.setScope("mail.read mail.delete");
        assertDoesNotThrow(
                () -> TokenCheck.checkWithoutScope(Tokens.context(token), Tokens.decided(), Instant.now()));
        token.addAudience("bank");
        assertThrows(
                Refusal.class,
                () -> TokenCheck.checkWithoutScope(Tokens.context(token), Tokens.decided(), Instant.now()));
    }

    @Test
    void a_decision_that_has_expired_is_refused() {
        DecidedExchange late = Tokens.decided(
                Tokens.decision(60, Tokens.IAT + 200, null, null, Instant.now().minusMillis(1)));
        assertEquals("the decision has expired", refused(Tokens.token(), late));
    }

    @Test
    void a_deny_is_no_decision_to_issue() {
        CheckedDecision deny = new CheckedDecision(
                "id-1", false, "access_denied", "no", List.of(), List.of(), Set.of("mail.read"), Set.of("mail-api"), 60,
                Tokens.IAT + 60, null, "txn", null, "Bearer", Instant.now().plusSeconds(5));
        assertEquals("no policy decision", refused(Tokens.token(), Tokens.decided(deny)));
    }

    @Test
    void no_refresh_token_is_issued() {
        var context = new TokenPostProcessorContext(null, null, new RefreshToken(Tokens.token(), null, ""), Tokens.token(), null);
        assertThrows(Refusal.class, () -> TokenCheck.check(context, Tokens.decided(), Instant.now()));
    }

    @Test
    void authorization_details_are_refused() {
        AccessToken token = Tokens.token();
        token.setAuthorizationDetails(List.of());
        assertEquals("authorization_details exceed the decision", refused(token, Tokens.decided()));
    }

    private static void bind(AccessToken token, String jkt) {
        AccessToken.Confirmation confirmation = new AccessToken.Confirmation();
        confirmation.setKeyThumbprint(jkt);
        token.setConfirmation(confirmation);
    }

    private static Arguments change(String what, Consumer<AccessToken> change, String description) {
        return Arguments.of(what, change, description);
    }
}
