package org.vit4j.backend.samediff;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.ops.BaseReduceOp;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.impl.transforms.same.Negative;
import org.nd4j.linalg.api.shape.Shape;
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
        // libnd4j's matmul_bp fails for a product of single elements, which is the product of numbers.
        if (op.opName().equals("matmul_bp") && inputs.stream().allMatch(input -> input.length() == 1))
            return new PlannedOp(DynamicCustomOp.builder("multiply_bp").build(), inputs, outputs).trimmed(needed);
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
        return op instanceof BaseReduceOp reduction && isReductionOfVector()
                ? bindWithRank3(reduction)
                : bind(inputs, outputs);
    }

    /** Returns true if ND4J assumes that a reduction changes nothing, and then does not read the arrays of the context. */
    private boolean isReductionOfVector() {
        return inputs.size() == 1
                && inputs.get(0).shape().length <= 2
                && inputs.get(0).length() == outputs.get(0).length();
    }

    /** Binds a reduction of arrays of rank 3, with further axes of length 1 at the end, which ND4J does not take for vectors. */
    private OpStep bindWithRank3(BaseReduceOp reduction) {
        PlannedValue input = inputs.get(0);
        PlannedValue output = outputs.get(0);
        int rank = input.shape().length;
        int[] axes = Shape.normalizeAxis(rank, reduction.dimensions().toIntVector());
        reduction.setDimensions(axes); // negative ones would be others
        boolean all = axes.length == 1 && axes[0] == Integer.MAX_VALUE;
        PlannedValue result = all && !reduction.isKeepDims() ? output : output.withAxes(3 - rank);
        return bind(List.of(input.withAxes(3 - rank)), List.of(result));
    }

    private OpStep bind(List<PlannedValue> from, List<PlannedValue> to) {
        OpContext context = Nd4j.getExecutioner().buildContext();
        for (int i = 0; i < from.size(); i++)
            context.setInputArray(i, from.get(i).array());
        for (int i = 0; i < to.size(); i++) context.setOutputArray(i, to.get(i).array());
        if (op instanceof CustomOp custom) {
            // Custom ops take their arguments from the context; legacy ops store them in themselves.
            context.setArgs(null, custom.iArgs(), custom.dArgs(), custom.tArgs(), custom.bArgs());
            return new OpStep.CustomOpStep(custom, context);
        }
        return new OpStep.LegacyOpStep((Op) op, context);
    }
}
