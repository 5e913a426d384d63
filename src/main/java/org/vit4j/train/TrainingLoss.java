package org.vit4j.train;

import java.util.Optional;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.backend.LossInputs;
import org.vit4j.graph.Graph;

/** Training loss, depending on the heads of the network and an optional teacher. */
public final class TrainingLoss {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingLoss.class);

    /** Name of the placeholder for the teacher's logits, [B, K]. */
    static final String TEACHER = "teacher";

    /** Name of the placeholder for the target probabilities, [B, K]. */
    static final String TARGETS = "targets";

    private static final String UNTRAINED_HEAD =
            "no train.distill: the distillation head is not trained but contributes half of each prediction; without a"
                    + " teacher, train a model with one head (distilled: false)";

    private TrainingLoss() {}

    private static boolean hasTwoHeads(Graph graph) {
        return graph.classLogits().isPresent() && graph.distillLogits().isPresent();
    }

    /**
     * Builds the scalar to minimize.
     *
     * <p>With a teacher, the labels train the class head and the teacher the distillation head; a network with one head
     * learns from both. With two heads and no teacher, the loss is that of the class head alone, as facebookresearch/deit with {@code
     * --distillation-type none}. The distillation head then keeps its initial weights but still contributes to
     * predictions, which are the mean of both heads; this is logged as a warning.
     *
     * <p>The placeholders are {@link #TARGETS} and, with a teacher, {@link #TEACHER}.
     */
    static SDVariable loss(LossInputs network, Loss loss, Optional<DistillConfig> distill) {
        SameDiff sd = network.sd();
        DataType type = network.output(Graph.LOGITS).dataType();
        int classes = network.graph().logits().shape().last();
        SDVariable targets = sd.placeHolder(TARGETS, type, -1, classes);
        boolean twoHeads = hasTwoHeads(network.graph());
        SDVariable classLoss =
                loss.loss(sd, network.output(twoHeads ? Graph.CLASS_LOGITS : Graph.LOGITS), targets, classes);
        if (distill.isEmpty()) {
            if (twoHeads) LOG.warn(UNTRAINED_HEAD);
            return classLoss;
        }
        SDVariable teacher = sd.placeHolder(TEACHER, type, -1, classes);
        SDVariable student = network.output(twoHeads ? Graph.DISTILL_LOGITS : Graph.LOGITS);
        return distill.get().loss(sd, classLoss, student, teacher);
    }
}
