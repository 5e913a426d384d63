package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.config.ExecutionResult;
import org.nd4j.autodiff.samediff.config.SDValue;
import org.nd4j.autodiff.samediff.internal.FrameIter;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.RandomOp;
import org.nd4j.linalg.api.ops.ScalarOp;
import org.nd4j.linalg.api.ops.custom.Invoke;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.BaseCompatOp;
import org.nd4j.linalg.api.ops.impl.layers.ExternalErrorsFunction;
import org.nd4j.linalg.api.ops.impl.shape.CreateView;
import org.nd4j.linalg.api.ops.impl.shape.tensorops.BaseTensorOp;
import org.nd4j.linalg.api.ops.impl.transforms.Assert;
import org.nd4j.linalg.api.ops.impl.transforms.custom.Assign;
import org.nd4j.linalg.api.ops.impl.transforms.gradient.GradientBackwardsMarker;
import org.nd4j.linalg.api.ops.impl.transforms.same.Identity;
import org.nd4j.linalg.api.ops.random.impl.Linspace;
import org.nd4j.linalg.api.ops.random.impl.Range;

/**
 * Runs ND4J's interpreter once over a graph to record the order of execution and all shapes.
 *
 * <p>Computes only values that depend on shapes and constants. A shape that depends on other values is traced
 * incorrectly; libnd4j, which checks every output shape, then throws when the plan runs.
 */
final class Tracer extends InferenceSession {
    /** Ops that depend on the shape of their input only. */
    private static final Set<String> BY_SHAPE = Set.of("shape_of", "rank", "size", "ones_as", "zeros_as");

    private final ScratchMemory scratch = new ScratchMemory();
    private final List<TracedOp> ops = new ArrayList<>();
    private final FoldedConstants folded = new FoldedConstants();
    private final Set<String> placeholders = new LinkedHashSet<>();

    /**
     * Result of tracing.
     *
     * @param ops ops in an executable order
     * @param folded results that depend on constants and shapes only
     * @param placeholders inputs of the graph that were read, even if only for their shape
     */
    record Trace(List<TracedOp> ops, FoldedConstants folded, Set<String> placeholders) {}

    private Tracer(SameDiff sd) {
        super(sd);
        setMmgr(scratch);
    }

    /** Traces a graph. @throws IllegalStateException if the graph has an op that a static plan cannot contain */
    static Trace trace(SameDiff sd, List<String> outputs, Map<String, INDArray> placeholders) {
        Tracer tracer = new Tracer(sd);
        try {
            At at = At.defaultAt(Operation.INFERENCE);
            tracer.output(outputs, placeholders, null, Collections.emptyList(), Collections.emptyList(), at);
            return new Trace(tracer.ops, tracer.folded, tracer.placeholders);
        } finally {
            tracer.scratch.close();
        }
    }

    @Override
    public Pair<SameDiffOp, OpContext> getAndParameterizeOp(
            String name,
            FrameIter frame,
            Set<VarId> opInputs,
            Set<VarId> allIterInputs,
            Set<String> constAndPhInputs,
            Map<String, INDArray> placeholderValues,
            Set<String> allReqVariables,
            Map<String, SDValue> otherPlaceholders) {
        DifferentialFunction op = sameDiff.getOps().get(name).getOp();
        check(op, frame);
        for (String input : inputNames(op)) {
            if (!sameDiff.getVariable(input).isPlaceHolder()) continue;
            if (!placeholderValues.containsKey(input)) throw SameDiffPlan.missingInput(input);
            placeholders.add(input);
        }
        scratch.storesValues(isFixed(op));
        return super.getAndParameterizeOp(
                name,
                frame,
                opInputs,
                allIterInputs,
                constAndPhInputs,
                placeholderValues,
                allReqVariables,
                otherPlaceholders);
    }

    @Override
    public ExecutionResult doExec(
            DifferentialFunction op,
            OpContext context,
            FrameIter frame,
            Set<VarId> opInputs,
            Set<VarId> allIterInputs,
            Set<String> constAndPhInputs,
            Map<String, SDValue> otherPlaceHolders) {
        boolean execute = isFixed(op) || op instanceof Identity;
        ExecutionResult result = execute
                ? super.doExec(op, context, frame, opInputs, allIterInputs, constAndPhInputs, otherPlaceHolders)
                : ExecutionResult.createFrom(op, context);
        addOp(op, context);
        return result;
    }

    private boolean isFixed(DifferentialFunction op) {
        return BY_SHAPE.contains(op.opName()) || inputNames(op).stream().allMatch(this::isFixed);
    }

    private boolean isFixed(String name) {
        return folded.has(name) || sameDiff.getVariable(name).isConstant();
    }

    private static List<String> inputNames(DifferentialFunction op) {
        return op.argNames() == null ? List.of() : List.of(op.argNames());
    }

    private static void check(DifferentialFunction op, FrameIter frame) {
        boolean sequence = op instanceof Range || op instanceof Linspace; // in ND4J's package of random ops
        boolean random =
                op instanceof RandomOp || (!sequence && op.getClass().getName().contains(".ops.random."));
        boolean flow = op instanceof BaseCompatOp
                || op instanceof BaseTensorOp
                || !frame.getFrame().equals(OUTER_FRAME);
        boolean special = op instanceof Invoke
                || op instanceof Assign
                || op instanceof Assert
                || op instanceof CreateView
                || op instanceof ExternalErrorsFunction
                || op instanceof GradientBackwardsMarker;
        if (random || flow || special || !(op instanceof CustomOp || op instanceof Op)) {
            throw new IllegalStateException(unsupported(op)
                    + (random ? "it generates random numbers" : "it is not a pure function of its inputs"));
        }
    }

    private static String unsupported(DifferentialFunction op) {
        return "a static plan cannot contain the op '" + op.opName() + "' (" + op.getOwnName() + "): ";
    }

    private void addOp(DifferentialFunction op, OpContext context) {
        boolean fixed = isFixed(op);
        List<String> outputs = sameDiff.getOps().get(op.getOwnName()).getOutputsOfOp();
        List<TracedOp.TracedResult> results = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            INDArray array = op instanceof Identity ? context.getInputArray(0) : context.getOutputArray(i);
            results.add(new TracedOp.TracedResult(outputs.get(i), array.dataType(), array.shape()));
            if (fixed) folded.add(outputs.get(i), array);
        }
        if (!fixed) ops.add(new TracedOp(op, arrayInputs(op, context), results));
    }

    /**
     * The inputs that an op reads as arrays. ND4J's legacy ops may store the second input in themselves, as axes or a
     * scalar, which all plans of the graph share; so it must be a constant.
     */
    private List<String> arrayInputs(DifferentialFunction op, OpContext context) {
        List<String> names = inputNames(op);
        int arrays = op instanceof Op ? Math.min(context.numInputArguments(), names.size()) : names.size();
        int arrayCount = op instanceof ScalarOp ? 1 : arrays;
        for (String name : names.subList(Math.min(arrayCount, names.size()), names.size())) {
            if (sameDiff.getVariable(name).isConstant()) continue;
            throw new IllegalStateException(unsupported(op) + "its argument '" + name + "' is not a constant");
        }
        return names.subList(0, arrays);
    }
}
