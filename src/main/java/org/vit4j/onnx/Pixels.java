package org.vit4j.onnx;

import java.util.List;

/**
 * What the input {@code images} [N, C, H, W] of an exported network holds.
 *
 * @param mean a value a channel, of pixels 0..1; taken away inside the network unless it is done before
 * @param std a value a channel
 */
public record Pixels(Kind kind, List<Double> mean, List<Double> std) {
    /** Pictures have the network's size in every case; resizing and cropping stay with the caller. */
    public enum Kind {
        /** float32, (x / 255 - mean) / std already done, as timm's exports have it. */
        NORMALISED,
        /** float32 in 0..255. */
        FLOAT,
        /** uint8, as decoders give them. */
        UINT8
    }

    public Pixels {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
    }

    public static Pixels normalised() {
        return new Pixels(Kind.NORMALISED, List.of(), List.of());
    }

    /** [B, C, H, W] of this kind -> what the network was trained on. */
    String normalise(Nodes nodes, String images) {
        if (kind == Kind.NORMALISED) return images;
        String pixels = images;
        if (kind == Kind.UINT8) pixels = nodes.node("Cast", images + "/float", List.of(images), Nodes.whole("to", 1));
        String shares = nodes.node("Div", images + "/shares", List.of(pixels, nodes.number(255)));
        String centred = nodes.node("Sub", images + "/centred", List.of(shares, column(nodes, images + "/mean", mean)));
        return nodes.node("Div", images + "/normalised", List.of(centred, column(nodes, images + "/std", std)));
    }

    private static String column(Nodes nodes, String name, List<Double> values) {
        float[] floats = new float[values.size()];
        for (int c = 0; c < floats.length; c++) floats[c] = values.get(c).floatValue();
        return nodes.floats(name, floats, floats.length, 1, 1);
    }
}
