package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.impl.reduce.custom.LogSumExp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Adds the operations of a gradient to a SameDiff graph without loops and branches. SameDiff's {@code createGradFunction} adds them to
 * a copy of the graph, for which it loads all operations of ND4J and parses their descriptions for TensorFlow: 2,000 classes, more
 * than a second, and 35 MB of memory.
 */
final class ReverseDifferentiation {
    private final SameDiff sd;
    /** Variables that depend on those whose gradients are wanted. */
    private final Set<String> dependent;

    private final Map<String, SDVariable> gradients = new HashMap<>();

    private ReverseDifferentiation(SameDiff sd, Collection<String> of) {
        this.sd = sd;
        this.dependent = new HashSet<>(of);
    }

    /**
     * Gradients of a scalar with respect to floating-point variables, by their names; of those only that it depends on by
     * floating-point operations.
     */
    static Map<String, SDVariable> gradients(SDVariable scalar, Collection<String> of) {
        return new ReverseDifferentiation(scalar.getSameDiff(), of).differentiate(scalar);
    }

    private Map<String, SDVariable> differentiate(SDVariable scalar) {
        List<SameDiffOp> ops = new ArrayList<>(sd.getOps().values()); // an operation comes after those that it reads
        for (SameDiffOp op : ops) {
            if (op.getInputsToOp().stream().anyMatch(dependent::contains))
                op.getOutputsOfOp().stream().filter(this::isFloating).forEach(dependent::add);
        }
        if (dependent.contains(scalar.name()))
            gradients.put(scalar.name(), sd.constant(Nd4j.scalar(scalar.dataType(), 1)));
        for (int i = ops.size() - 1; i >= 0; i--) {
            if (ops.get(i).getOutputsOfOp().stream().anyMatch(gradients::containsKey)) differentiate(ops.get(i));
        }
        return gradients;
    }

    private boolean isFloating(String variable) {
        return sd.getVariable(variable).dataType().isFPType();
    }

    private void differentiate(SameDiffOp op) {
        List<SDVariable> outputs =
                op.getOutputsOfOp().stream().map(this::gradientOfOutput).toList();
        List<SDVariable> inputs = op.getOp() instanceof LogSumExp e
                ? List.of(gradientOfLogSumExp(op, e, outputs.get(0)))
                : gradientsOfInputs(op, outputs);
        for (int i = 0; i < op.getInputsToOp().size(); i++) {
            String input = op.getInputsToOp().get(i);
            if (!dependent.contains(input)) continue;
            if (inputs == null || i >= inputs.size() || inputs.get(i) == null)
                throw new IllegalArgumentException("the loss uses the operation "
                        + op.getOp().opName() + ", which has no gradient for its operand " + (i + 1) + " in SameDiff");
            gradients.merge(input, inputs.get(i), SDVariable::add);
        }
    }

    private static List<SDVariable> gradientsOfInputs(SameDiffOp op, List<SDVariable> outputs) {
        try {
            return op.getOp().doDiff(outputs);
        } catch (UnsupportedOperationException e) {
            return List.of();
        }
    }

    /** The gradient of y = log(sum(exp(x))), exp(x - y); that of SameDiff fails if axes are given. */
    private SDVariable gradientOfLogSumExp(SameDiffOp op, LogSumExp e, SDVariable dy) {
        SDVariable x = sd.getVariable(op.getInputsToOp().get(0));
        SDVariable y = sd.getVariable(op.getOutputsOfOp().get(0));
        boolean keepsAxes = e.numTArguments() > 0 && e.getTArgument(0) != 0;
        long[] axes = keepsAxes ? new long[0] : e.iArgs();
        SDVariable probabilities = sd.math.exp(x.sub(withAxes(y, axes)));
        return probabilities.mul(withAxes(dy, axes));
    }

    /** Inserts axes of size 1, negative ones from the last. */
    private SDVariable withAxes(SDVariable reduced, long[] axes) {
        SDVariable y = reduced;
        for (long axis : Arrays.stream(axes).filter(a -> a >= 0).sorted().toArray()) y = sd.expandDims(y, (int) axis);
        for (long axis :
                Arrays.stream(axes).filter(a -> a < 0).map(a -> -a).sorted().toArray())
            y = sd.expandDims(y, (int) -axis);
        return y;
    }

    /** The gradient of an output, zeros if the scalar does not depend on it. */
    private SDVariable gradientOfOutput(String output) {
        SDVariable gradient = gradients.get(output);
        return gradient == null && isFloating(output) ? sd.zerosLike(sd.getVariable(output)) : gradient;
    }
}
