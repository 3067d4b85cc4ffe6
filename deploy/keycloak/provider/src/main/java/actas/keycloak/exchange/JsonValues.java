// SPDX-License-Identifier: Apache-2.0
package actas.keycloak.exchange;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** Between JSON and its protobuf form, whose numbers are all doubles. */
final class JsonValues {
    private JsonValues() {}

    static Struct struct(JsonNode object) {
        Struct.Builder struct = Struct.newBuilder();
        object.properties().forEach(member -> struct.putFields(member.getKey(), value(member.getValue())));
        return struct.build();
    }

    private static Value value(JsonNode node) {
        Value.Builder value = Value.newBuilder();
        if (node.isObject()) {
            return value.setStructValue(struct(node)).build();
        }
        if (node.isArray()) {
            ListValue.Builder list = ListValue.newBuilder();
            node.forEach(element -> list.addValues(value(element)));
            return value.setListValue(list).build();
        }
        if (node.isBoolean()) {
            return value.setBoolValue(node.booleanValue()).build();
        }
        if (node.isNumber()) {
            return value.setNumberValue(node.doubleValue()).build();
        }
        return node.isNull()
                ? value.setNullValue(NullValue.NULL_VALUE).build()
                : value.setStringValue(node.textValue()).build();
    }

    static Map<String, Object> map(Struct struct) {
        Map<String, Object> map = new LinkedHashMap<>();
        new TreeMap<>(struct.getFieldsMap()).forEach((name, value) -> map.put(name, plain(value)));
        return map;
    }

    static Object plain(Value value) {
        return switch (value.getKindCase()) {
            case STRUCT_VALUE -> map(value.getStructValue());
            case LIST_VALUE -> value.getListValue().getValuesList().stream()
                    .map(JsonValues::plain)
                    .toList();
            case BOOL_VALUE -> value.getBoolValue();
            case NUMBER_VALUE -> number(value.getNumberValue());
            case STRING_VALUE -> value.getStringValue();
            // A list of Java takes no null, and JSON's null says nothing to a client.
            default -> "";
        };
    }

    private static Object number(double number) {
        long whole = (long) number;
        // Two branches, not a conditional expression: that would turn the long back into a double.
        if (whole == number) {
            return whole;
        }
        return number;
    }
}
