package org.vit4j.explain;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.graph.analysis.TokenGrid;

/**
 * Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391, equations 1 and 2): the ReLU of the weighted sum of a layer's
 * channels. The weight of a channel is the mean of the logit's gradient over the cells. Tokens without a position on
 * the image, such as class tokens, are ignored.
 */
final class GradCam {
    private GradCam() {}

    /**
     * Computes the map of one image.
     *
     * @param value the layer's activations for a batch, [B, H, W, C] or [B, T, D]
     * @param gradient of the logits with respect to {@code value}, of the same shape
     * @param image index in the batch
     * @param grid positions of the layer's rows on the image
     * @return a value for each cell of the grid
     */
    static double[] map(INDArray value, INDArray gradient, int image, TokenGrid grid) {
        int channels = (int) value.size(value.rank() - 1);
        int rows = (int) (value.length() / value.size(0) / channels);
        int first = image * rows + grid.before();
        float[] a = value.data().asFloat();
        float[] g = gradient.data().asFloat();
        double[] weights = new double[channels];
        for (int cell = 0; cell < grid.grid(); cell++) {
            int at = (first + cell) * channels;
            for (int c = 0; c < channels; c++) weights[c] += g[at + c] / grid.grid();
        }
        double[] map = new double[grid.grid()];
        for (int cell = 0; cell < map.length; cell++) {
            int at = (first + cell) * channels;
            double sum = 0;
            for (int c = 0; c < channels; c++) sum += weights[c] * a[at + c];
            map[cell] = Math.max(0, sum);
        }
        return map;
    }
}
