package org.vit4j.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.LossInputs;
import org.vit4j.graph.Tensor;
import org.vit4j.train.DistillationLoss;
import org.vit4j.train.LossFunctions;
import org.vit4j.train.SoftTargets;

/** Loss functions of the goldens, with labels, probes and teacher logits as constants. */
final class GoldenLosses {
    private GoldenLosses() {}

    /** Mean cross entropy of {@code logits} and {@code labels}. */
    static SDVariable crossEntropy(LossInputs network, GoldenCase golden) {
        SDVariable logits = network.output("logits");
        return LossFunctions.crossEntropy(network.sd(), logits, labels(network, golden));
    }

    /**
     * Losses listed by a golden of a distilled student. The loss without a name follows the reference's arguments, or
     * is the hard loss if none are listed. {@code hard} and {@code none} are those of facebookresearch/deit; {@code
     * hard_fixed} and {@code hard_as_printed} those of vit-pytorch after and before 0.20.3.
     */
    static List<GoldenGraph.GoldenLoss> distillation(GoldenCase golden) {
        JsonNode listed = golden.config().path("losses");
        if (listed.isEmpty())
            return List.of(new GoldenGraph.GoldenLoss("", (network, c) -> distilled("hard", network, c)));
        List<GoldenGraph.GoldenLoss> losses = new ArrayList<>();
        listed.fieldNames().forEachRemaining(name -> {
            String kind = name.equals("loss") ? "" : name;
            String formula = kind.isEmpty() ? configured(golden) : kind;
            losses.add(new GoldenGraph.GoldenLoss(kind, (network, c) -> distilled(formula, network, c)));
        });
        return losses;
    }

    private static String configured(GoldenCase golden) {
        if (golden.official()) return "soft";
        JsonNode hard = golden.hyperparameters().get("hard");
        return hard != null && hard.asBoolean() ? "hard_as_printed" : "soft_batchmean";
    }

    private static SDVariable distilled(String formula, LossInputs network, GoldenCase golden) {
        double alpha = number(golden, "alpha", 0.5);
        double t = number(golden, golden.official() ? "tau" : "temperature", 1);
        SameDiff sd = network.sd();
        SDVariable c = network.output("logits_class");
        SDVariable d = network.output("logits_distill");
        SDVariable teacher = sd.constant(golden.tensor("teacher_logits"));
        SDVariable base = LossFunctions.crossEntropy(sd, c, labels(network, golden));
        return switch (formula) {
            case "soft" -> DistillationLoss.deit(sd, base, d, teacher, false, alpha, t);
            case "hard" -> DistillationLoss.deit(sd, base, d, teacher, true, alpha, t);
            case "none" -> base;
            case "soft_batchmean" -> DistillationLoss.vitPytorch(sd, base, d, teacher, false, alpha, t);
            case "hard_fixed" -> DistillationLoss.vitPytorch(sd, base, d, teacher, true, alpha, t);
            case "hard_as_printed" -> DistillationLoss.vitPytorch(sd, base, c, teacher, true, alpha, t);
            default -> throw new AssertionError("unknown loss " + formula);
        };
    }

    private static double number(GoldenCase golden, String argument, double standard) {
        JsonNode given = golden.hyperparameters().get(argument);
        return given == null ? standard : given.asDouble();
    }

    /** One-hot labels of the golden. */
    static SDVariable labels(LossInputs network, GoldenCase golden) {
        float[] given = golden.io().get("labels").values();
        int[] labels = new int[given.length];
        for (int i = 0; i < labels.length; i++) labels[i] = (int) given[i];
        int classes =
                network.graph().outputs().values().iterator().next().shape().last();
        return network.sd().constant(SoftTargets.smoothed(labels, classes, 0));
    }

    /** Sum of all outputs times their probes. */
    static SDVariable probed(LossInputs network, GoldenCase golden) {
        SDVariable sum = null;
        for (var output : network.graph().outputs().entrySet()) {
            String name = golden.io().containsKey("probe") ? "probe" : "probe/" + output.getKey();
            Tensor tensor = output.getValue();
            SDVariable value = network.variable(tensor.name());
            INDArray probe = golden.inGraphLayout(name, tensor.shape());
            // The lowering may have merged batch and token axes.
            SDVariable reshaped = network.sd().reshape(value, tensor.shape().batched(-1));
            SDVariable term = reshaped.mul(network.sd().constant(probe)).sum();
            sum = sum == null ? term : sum.add(term);
        }
        return sum;
    }
}
