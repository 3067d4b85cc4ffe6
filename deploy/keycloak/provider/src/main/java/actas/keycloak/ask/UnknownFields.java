// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.ask;

import com.google.protobuf.Message;
import java.util.Collection;

/** Finds what a newer Actas says and this jar cannot read: it may be a restriction. */
final class UnknownFields {
    private UnknownFields() {}

    static boolean in(Message message) {
        if (!message.getUnknownFields().asMap().isEmpty()) {
            return true;
        }
        return message.getAllFields().values().stream().anyMatch(UnknownFields::inValue);
    }

    private static boolean inValue(Object value) {
        if (value instanceof Message message) {
            return in(message);
        }
        return value instanceof Collection<?> values && values.stream().anyMatch(UnknownFields::inValue);
    }
}
