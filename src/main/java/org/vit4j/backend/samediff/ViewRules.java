package org.vit4j.backend.samediff;

import java.util.Arrays;
import java.util.List;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.ops.CustomOp;

/** Rules for op results that are views of an input, so that nothing must be computed or copied. */
final class ViewRules {
    private static final long C_ORDER = -99;

    private ViewRules() {}

    /**
     * Returns the result of an op as a view of one of its inputs.
     *
     * @param inputs inputs, dense and in 'c' order
     * @param fixed whether all inputs except the first are constant over runs
     * @param index index of the result among the op's outputs
     * @param result shape of the result
     * @return view with the elements of the result in order; null if the result is not a contiguous part of an input
     */
    static PlannedValue of(
            DifferentialFunction op, List<PlannedValue> inputs, boolean fixed, int index, long... result) {
        long[] arguments = op instanceof CustomOp custom ? custom.iArgs() : new long[0];
        return switch (op.opName()) {
            case "identity", "expand_dims", "squeeze" -> fixed ? inputs.get(0).view(0, result) : null;
            case "reshape" ->
                fixed && arguments.length > 0 && arguments[0] == C_ORDER
                        ? inputs.get(0).view(0, result)
                        : null;
            case "permute" ->
                keepsOrder(inputs.get(0).shape(), arguments) ? inputs.get(0).view(0, result) : null;
            case "unstack" ->
                arguments.length == 1 && isLeading(inputs.get(0).shape(), arguments[0])
                        ? inputs.get(0).view(index * PlannedValue.length(result), result)
                        : null;
            case "slice" -> slice(inputs.get(0), arguments, result);
            // The gradients of both terms of a sum of equal shapes are the gradient of the sum.
            case "add_bp" -> sameShapes(inputs) ? inputs.get(2) : null;
            case "subtract_bp" -> sameShapes(inputs) && index == 0 ? inputs.get(2) : null;
            default -> null;
        };
    }

    private static boolean sameShapes(List<PlannedValue> inputs) {
        return inputs.stream()
                .allMatch(input -> Arrays.equals(input.shape(), inputs.get(0).shape()));
    }

    /** Returns true if a permutation moves only axes of size 1. */
    private static boolean keepsOrder(long[] shape, long... axes) {
        if (axes.length != shape.length) return false;
        long before = -1;
        for (long axis : axes) {
            long positive = axis < 0 ? axis + shape.length : axis;
            if (shape[(int) positive] == 1) continue;
            if (positive < before) return false;
            before = positive;
        }
        return true;
    }

    /** Returns true if all axes before {@code axis} have size 1. */
    private static boolean isLeading(long[] shape, long axis) {
        long positive = axis < 0 ? axis + shape.length : axis;
        return Arrays.stream(shape).limit(positive).allMatch(dim -> dim == 1);
    }

    /**
     * View of a slice; arguments are begins, then sizes. Dense if the result has size 1 in all axes before the last
     * sliced one.
     */
    private static PlannedValue slice(PlannedValue input, long[] arguments, long... result) {
        long[] shape = input.shape();
        if (arguments.length != 2 * shape.length || result.length != shape.length) return null;
        long offset = 0;
        boolean several = false;
        for (int axis = 0; axis < shape.length; axis++) {
            if (several && result[axis] != shape[axis]) return null;
            several |= result[axis] > 1;
            offset = offset * shape[axis] + arguments[axis];
        }
        return input.view(offset, result);
    }
}
