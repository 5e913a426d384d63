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

/** The losses of the goldens, over numbers of the golden. */
final class GoldenLosses {
    private GoldenLosses() {}

    /** Mean cross entropy of {@code logits} with {@code labels}. */
    static SDVariable crossEntropy(LossInputs network, GoldenCase golden) {
        SDVariable logits = network.output("logits");
        return LossFunctions.crossEntropy(network.sd(), logits, labels(network, golden));
    }

    /**
     * Every loss that a distilled student's golden lists. The one without a name is what the reference's arguments ask
     * for, or the hard one when no others are listed; {@code hard} and {@code none} are facebookresearch/deit's, {@code
     * hard_fixed} and {@code hard_as_printed} vit-pytorch's after and before 0.20.3.
     */
    static List<GoldenGraph.GoldenLoss> distillation(GoldenCase golden) {
        JsonNode listed = golden.config().path("losses");
        if (listed.isEmpty())
            return List.of(new GoldenGraph.GoldenLoss("", (network, c) -> distilled("hard", network, c)));
        List<GoldenGraph.GoldenLoss> losses = new ArrayList<>();
        listed.fieldNames().forEachRemaining(name -> {
            String kind = name.equals("loss") ? "" : name;
            String formula = kind.isEmpty() ? asked(golden) : kind;
            losses.add(new GoldenGraph.GoldenLoss(kind, (network, c) -> distilled(formula, network, c)));
        });
        return losses;
    }

    private static String asked(GoldenCase golden) {
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
        SDVariable own = LossFunctions.crossEntropy(sd, c, labels(network, golden));
        return switch (formula) {
            case "soft" -> DistillationLoss.deit(sd, own, d, teacher, false, alpha, t);
            case "hard" -> DistillationLoss.deit(sd, own, d, teacher, true, alpha, t);
            case "none" -> own;
            case "soft_batchmean" -> DistillationLoss.vitPytorch(sd, own, d, teacher, false, alpha, t);
            case "hard_fixed" -> DistillationLoss.vitPytorch(sd, own, d, teacher, true, alpha, t);
            case "hard_as_printed" -> DistillationLoss.vitPytorch(sd, own, c, teacher, true, alpha, t);
            default -> throw new AssertionError("unknown loss " + formula);
        };
    }

    private static double number(GoldenCase golden, String argument, double standard) {
        JsonNode given = golden.hyperparameters().get(argument);
        return given == null ? standard : given.asDouble();
    }

    /** One-hot rows of the golden's labels. */
    static SDVariable labels(LossInputs network, GoldenCase golden) {
        float[] given = golden.io().get("labels").values();
        int[] labels = new int[given.length];
        for (int i = 0; i < labels.length; i++) labels[i] = (int) given[i];
        int classes =
                network.graph().outputs().values().iterator().next().shape().last();
        return network.sd().constant(SoftTargets.smoothed(labels, classes, 0));
    }

    /** Sum over the outputs of output times probe. */
    static SDVariable probed(LossInputs network, GoldenCase golden) {
        SDVariable sum = null;
        for (var output : network.graph().outputs().entrySet()) {
            String name = golden.io().containsKey("probe") ? "probe" : "probe/" + output.getKey();
            Tensor tensor = output.getValue();
            SDVariable value = network.variable(tensor.name());
            INDArray probe = golden.ours(name, tensor.shape());
            // The lowering may have the rows of all examples below each other.
            SDVariable whole = network.sd().reshape(value, tensor.shape().batched(-1));
            SDVariable term = whole.mul(network.sd().constant(probe)).sum();
            sum = sum == null ? term : sum.add(term);
        }
        return sum;
    }
}
