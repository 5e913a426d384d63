package org.vit4j.backend.samediff;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.impl.transforms.same.Negative;
import org.nd4j.linalg.factory.Nd4j;

/** An op of a plan, and what it reads and writes. */
record PlannedOp(DifferentialFunction op, List<PlannedValue> inputs, List<PlannedValue> outputs) {
    /**
     * Less work with the same bits: ND4J computes the gradient by both factors, also where one is a constant.
     *
     * @param wanted outputs that somebody reads
     */
    PlannedOp trimmed(Set<Allocation> wanted) {
        List<Integer> read = IntStream.range(0, outputs.size())
                .filter(i -> wanted.contains(outputs.get(i).place()))
                .boxed()
                .collect(Collectors.toList());
        if (read.size() != 1) return this;
        int only = read.get(0);
        return switch (op.opName()) {
            case "matmul_bp" -> product(only);
            case "multiply_bp" -> sameShapes() ? custom("multiply", only, 2, 1 - only) : this;
            case "subtract_bp" ->
                sameShapes() && only == 1
                        ? new PlannedOp(new Negative(), List.of(inputs.get(2)), List.of(outputs.get(1)))
                        : this;
            default -> this;
        };
    }

    private boolean sameShapes() {
        return inputs.stream()
                .allMatch(input -> Arrays.equals(input.shape(), inputs.get(0).shape()));
    }

    /** One of the two products that libnd4j's matmul_bp makes, by the same arguments. */
    private PlannedOp product(int only) {
        // A single number has a rule of its own there.
        if (inputs.get(2).length() == 1) return this;
        CustomOp custom = (CustomOp) op;
        boolean[] turned = new boolean[3];
        for (int i = 0; i < custom.iArgs().length; i++) turned[i] = custom.iArgs()[i] != 0;
        PlannedOp node = only == 0 ? custom("matmul", 0, 2, 1) : custom("matmul", 1, 0, 2);
        DynamicCustomOp matmul = (DynamicCustomOp) node.op;
        matmul.addIArgument(
                only == 0 ? numbers(turned[2], !turned[1], turned[0]) : numbers(!turned[0], turned[2], turned[1]));
        matmul.addTArgument(custom.tArgs());
        return node;
    }

    private static long[] numbers(boolean... flags) {
        return IntStream.range(0, flags.length).mapToLong(i -> flags[i] ? 1 : 0).toArray();
    }

    private PlannedOp custom(String name, int output, int first, int second) {
        return new PlannedOp(
                DynamicCustomOp.builder(name).build(),
                List.of(inputs.get(first), inputs.get(second)),
                List.of(outputs.get(output)));
    }

    /** The op with its arrays, which must exist by now. */
    OpStep bind() {
        OpContext context = Nd4j.getExecutioner().buildContext();
        for (int i = 0; i < inputs.size(); i++)
            context.setInputArray(i, inputs.get(i).array());
        for (int i = 0; i < outputs.size(); i++)
            context.setOutputArray(i, outputs.get(i).array());
        if (op instanceof CustomOp custom) {
            // No arrays here, they are set; the older Op keeps its arguments in itself.
            context.setArgs(null, custom.iArgs(), custom.dArgs(), custom.tArgs(), custom.bArgs());
            return new OpStep.CustomOpStep(custom, context);
        }
        return new OpStep.LegacyOpStep((Op) op, context);
    }
}
