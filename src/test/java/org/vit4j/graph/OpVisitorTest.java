package org.vit4j.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation of the sealed family has a method of its own in the visitor, and calls it. */
class OpVisitorTest {
    private static final Map<Class<?>, Object> VALUES = Map.of(
            int.class,
            1,
            double.class,
            0.5,
            boolean.class,
            true,
            String.class,
            "stack",
            List.class,
            List.of(0),
            Optional.class,
            Optional.empty(),
            Shape.class,
            Shape.of(2, 3),
            Window.class,
            Window.square(1, 1, 0),
            Init.class,
            Init.ZEROS);

    /** All records of the family, through all sub-interfaces. */
    static Stream<Class<?>> operations() {
        return records(Op.class);
    }

    private static Stream<Class<?>> records(Class<?> type) {
        if (type.isRecord()) return Stream.of(type);
        return Arrays.stream(type.getPermittedSubclasses()).flatMap(OpVisitorTest::records);
    }

    private static Op instance(Class<?> type) throws ReflectiveOperationException {
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            values[i] = types[i].isEnum() ? types[i].getEnumConstants()[0] : VALUES.get(types[i]);
            assertThat(values[i]).as("an example of %s in VALUES", types[i]).isNotNull();
        }
        return (Op) type.getDeclaredConstructor(types).newInstance(values);
    }

    /** Visitor that returns the method that was called and its arguments. */
    @SuppressWarnings("unchecked")
    private static OpVisitor<List<Object>> recorder() {
        return (OpVisitor<List<Object>>) Proxy.newProxyInstance(
                OpVisitorTest.class.getClassLoader(),
                new Class<?>[] {OpVisitor.class},
                (proxy, method, arguments) -> List.of(method.getName(), arguments[0], arguments[1]));
    }

    @ParameterizedTest
    @MethodSource("operations")
    void operationCallsTheMethodOfItsName(Class<?> type) throws ReflectiveOperationException {
        Op op = instance(type);
        Tensor tensor = new Graph(Init.TIMM).input("x", 1);
        String method = Character.toLowerCase(type.getSimpleName().charAt(0))
                + type.getSimpleName().substring(1);
        assertThat(op.accept(recorder(), tensor)).containsExactly(method, tensor, op);
    }

    @Test
    void visitorHasOneMethodForEachOperation() {
        Stream<Class<?>> visited = Arrays.stream(OpVisitor.class.getMethods()).map(m -> m.getParameterTypes()[1]);
        assertThat(visited).containsExactlyInAnyOrderElementsOf(operations().toList());
        assertThat(OpVisitor.class.getMethods()).noneMatch(Method::isDefault);
    }
}
