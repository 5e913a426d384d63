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

/**
 * ND4J's interpreter, going through a graph once to tell in which order it executes, and what shape everything has.
 *
 * <p>Nothing is computed but what depends on shapes and constants alone. A shape that depends on other values comes out
 * wrong here, and libnd4j, which checks every output, says so when the plan is run.
 */
final class Tracer extends InferenceSession {
    /** Ops that read of their input nothing but its shape. */
    private static final Set<String> BY_SHAPE = Set.of("shape_of", "rank", "size", "ones_as", "zeros_as");

    private final ScratchMemory scratch = new ScratchMemory();
    private final List<TracedOp> ops = new ArrayList<>();
    private final FoldedConstants folded = new FoldedConstants();
    private final Set<String> placeholders = new LinkedHashSet<>();

    /**
     * @param ops in an order in which they can be executed
     * @param folded results that depend on constants and shapes alone
     * @param placeholders inputs of the graph that were read, if only for their shape
     */
    record Trace(List<TracedOp> ops, FoldedConstants folded, Set<String> placeholders) {}

    private Tracer(SameDiff sd) {
        super(sd);
        setMmgr(scratch);
    }

    /** @throws IllegalStateException when the graph holds an op of which one execution tells nothing about the next */
    static Trace trace(SameDiff sd, List<String> outputs, Map<String, INDArray> placeholders) {
        Tracer recorder = new Tracer(sd);
        try {
            At at = At.defaultAt(Operation.INFERENCE);
            recorder.output(outputs, placeholders, null, Collections.emptyList(), Collections.emptyList(), at);
            return new Trace(recorder.ops, recorder.folded, recorder.placeholders);
        } finally {
            recorder.scratch.close();
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
        for (String input : names(op)) {
            if (!sameDiff.getVariable(input).isPlaceHolder()) continue;
            if (!placeholderValues.containsKey(input)) throw SameDiffPlan.missing(input);
            placeholders.add(input);
        }
        scratch.real(isFixed(op));
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
        add(op, context);
        return result;
    }

    private boolean isFixed(DifferentialFunction op) {
        return BY_SHAPE.contains(op.opName()) || names(op).stream().allMatch(this::isFixed);
    }

    private boolean isFixed(String name) {
        return folded.has(name) || sameDiff.getVariable(name).isConstant();
    }

    private static List<String> names(DifferentialFunction op) {
        return op.argNames() == null ? List.of() : List.of(op.argNames());
    }

    private static void check(DifferentialFunction op, FrameIter frame) {
        boolean random = op instanceof RandomOp || op.getClass().getName().contains(".ops.random.");
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
            throw new IllegalStateException(
                    refusal(op) + (random ? "it draws random numbers" : "it is more than a function of its inputs"));
        }
    }

    private static String refusal(DifferentialFunction op) {
        return "a static plan cannot hold the op '" + op.opName() + "' (" + op.getOwnName() + "): ";
    }

    private void add(DifferentialFunction op, OpContext context) {
        boolean fixed = isFixed(op);
        List<String> outputs = sameDiff.getOps().get(op.getOwnName()).getOutputsOfOp();
        List<TracedOp.TracedResult> results = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            INDArray array = op instanceof Identity ? context.getInputArray(0) : context.getOutputArray(i);
            results.add(new TracedOp.TracedResult(outputs.get(i), array.dataType(), array.shape()));
            if (fixed) folded.add(outputs.get(i), array);
        }
        if (!fixed) ops.add(new TracedOp(op, arrays(op, context), results));
    }

    /**
     * The inputs that an op gets as arrays. ND4J's older ops may keep a second one in themselves, as axes or a scalar,
     * where all plans of the graph share it.
     */
    private List<String> arrays(DifferentialFunction op, OpContext context) {
        List<String> names = names(op);
        int arrays = op instanceof Op ? Math.min(context.numInputArguments(), names.size()) : names.size();
        int kept = op instanceof ScalarOp ? 1 : arrays;
        for (String name : names.subList(Math.min(kept, names.size()), names.size())) {
            if (sameDiff.getVariable(name).isConstant()) continue;
            throw new IllegalStateException(refusal(op) + "its argument '" + name + "' is no constant");
        }
        return names.subList(0, arrays);
    }
}
