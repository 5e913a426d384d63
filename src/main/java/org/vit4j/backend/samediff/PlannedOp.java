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

/** An op of a plan with its inputs and outputs. */
record PlannedOp(DifferentialFunction op, List<PlannedValue> inputs, List<PlannedValue> outputs) {
    /**
     * Replaces a gradient op of two outputs by a cheaper op if only one of them is needed, with bitwise equal results.
     * ND4J computes the gradients with respect to both factors even if one is constant.
     *
     * @param needed allocations with readers
     */
    PlannedOp trimmed(Set<Allocation> needed) {
        List<Integer> used = IntStream.range(0, outputs.size())
                .filter(i -> needed.contains(outputs.get(i).allocation()))
                .boxed()
                .collect(Collectors.toList());
        if (used.size() != 1) return this;
        int only = used.get(0);
        return switch (op.opName()) {
            case "matmul_bp" -> singleProduct(only);
            case "multiply_bp" -> sameShapes() ? binaryOp("multiply", only, 2, 1 - only) : this;
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

    /** One of the two products that libnd4j's matmul_bp computes, with equivalent arguments. */
    private PlannedOp singleProduct(int only) {
        // libnd4j treats a gradient of a single element differently.
        if (inputs.get(2).length() == 1) return this;
        CustomOp custom = (CustomOp) op;
        boolean[] transposed = new boolean[3];
        for (int i = 0; i < custom.iArgs().length; i++) transposed[i] = custom.iArgs()[i] != 0;
        PlannedOp result = only == 0 ? binaryOp("matmul", 0, 2, 1) : binaryOp("matmul", 1, 0, 2);
        DynamicCustomOp matmul = (DynamicCustomOp) result.op;
        matmul.addIArgument(
                only == 0
                        ? toLongs(transposed[2], !transposed[1], transposed[0])
                        : toLongs(!transposed[0], transposed[2], transposed[1]));
        matmul.addTArgument(custom.tArgs());
        return result;
    }

    private static long[] toLongs(boolean... flags) {
        return IntStream.range(0, flags.length).mapToLong(i -> flags[i] ? 1 : 0).toArray();
    }

    private PlannedOp binaryOp(String name, int output, int first, int second) {
        return new PlannedOp(
                DynamicCustomOp.builder(name).build(),
                List.of(inputs.get(first), inputs.get(second)),
                List.of(outputs.get(output)));
    }

    /** Binds the op to its arrays, which must be allocated. */
    OpStep bind() {
        OpContext context = Nd4j.getExecutioner().buildContext();
        for (int i = 0; i < inputs.size(); i++)
            context.setInputArray(i, inputs.get(i).array());
        for (int i = 0; i < outputs.size(); i++)
            context.setOutputArray(i, outputs.get(i).array());
        if (op instanceof CustomOp custom) {
            // Custom ops take their arguments from the context; legacy ops store them in themselves.
            context.setArgs(null, custom.iArgs(), custom.dArgs(), custom.tArgs(), custom.bArgs());
            return new OpStep.CustomOpStep(custom, context);
        }
        return new OpStep.LegacyOpStep((Op) op, context);
    }
}
