// @ts-check
// code.js: the run as code that trains the same networks by the same rules in PyTorch.

import { NOISE, STEPS, sizesOfD, sizesOfG } from "./trainer.js";
import { CLASSES } from "./digits.js";

/** @type {Record<string, [string, string]>} D's loss and G's, of the scores `real` and `fake` */
const LOSSES = {
  minimax: ["softplus(-real).mean() + softplus(fake).mean()", "-softplus(fake).mean()"],
  "non-saturating": ["softplus(-real).mean() + softplus(fake).mean()", "softplus(-fake).mean()"],
  wgan: ["fake.mean() - real.mean()", "-fake.mean()"],
  "wgan-gp": ["fake.mean() - real.mean() + 10 * penalty(mixed(x, x_fake), 1)", "-fake.mean()"],
  "least-squares": ["((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2", "((fake - 1) ** 2).mean() / 2"],
  hinge: ["relu(1 - real).mean() + relu(1 + fake).mean()", "-fake.mean()"],
  relativistic: ["softplus(fake - real).mean()", "softplus(real - fake).mean()"],
  r3gan: ["softplus(fake - real).mean() + fine", "softplus(real - fake).mean()"],
};
/** @type {Record<string, string>} */
const ACTIVATIONS = { "leaky-relu": "nn.LeakyReLU(0.2)", relu: "nn.ReLU()", tanh: "nn.Tanh()" };
/** @type {Record<string, (rate: string, momentum: number, decay: number) => string>} */
const OPTIMIZERS = {
  sgd: (rate) => `torch.optim.SGD(network.parameters(), lr=${rate})`,
  momentum: (rate, momentum) => `torch.optim.SGD(network.parameters(), lr=${rate}, momentum=${momentum})`,
  rmsprop: (rate) => `torch.optim.RMSprop(network.parameters(), lr=${rate})`,
  adam: (rate, momentum, decay) => `torch.optim.Adam(network.parameters(), lr=${rate}, betas=(${momentum.toFixed(2)}, ${decay}))`,
};

/** @param {boolean} labelled */
const players = (labelled) => (labelled ? `

def draw(y):  # the label beside the noise
    return G(torch.cat([torch.randn(len(y), ${NOISE}), nn.functional.one_hot(y, ${CLASSES})], 1))


def score(x, y):  # D has one for each label
    return D(x).gather(1, y[:, None])
` : "");

/** @param {number} batch */
const SAMPLES = (batch) => `            x = data[torch.randint(len(data), (${batch},))]
`;
/** @param {number} batch */
const PAIRS = (batch) => `            chosen = torch.randint(len(data), (${batch},))
            x, y = data[chosen], labels[chosen]
`;

/** @param {string} y */
const penaltyOf = (y) => `

def penalty(x${y}, target):  # on the slope of D
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(${y ? "score(x, y)" : "D(x)"}.sum(), x, create_graph=True)
    return ((slope.norm(dim=1) - target) ** 2).mean()


def mixed(x, x_fake):
    share = torch.rand(len(x), 1)
    return share * x + (1 - share) * x_fake
`;

const BLUR = `

class Blur(nn.Module):  # each point with its neighbours, 2 : 1 : 1 along both directions
    def forward(self, x):
        line = torch.tensor([0.25, 0.5, 0.25])
        return nn.functional.conv2d(x.view(-1, 1, 28, 28), torch.outer(line, line)[None, None], padding=1).flatten(1)

`;

/** @param {number} steps @param {number} logD @param {number} logG */
const FALL = (steps, logD, logG) => `        share = max(0.1, 1 - step / ${steps})
        for optimizer, rate in ((step_d, ${rate(logD)}), (step_g, ${rate(logG)})):
            optimizer.param_groups[0]["lr"] = rate * share
`;

/** @param {number} log a power of ten, as the figure takes it */
const rate = (log) => (10 ** log).toPrecision(3);

/** The weight of R1 and R2: in every `lazy`-th step of D they count as many times as much. @param {import("./trainer.js").Settings} settings @param {string} y */
function fineOf({ gamma, fall, lazy, k }, y) {
  const when = lazy > 1 ? ` if ${k > 1 ? `(step * ${k} + i)` : "step"} % ${lazy} == 0 else 0` : "";
  return `            fine = ${fall > 0 ? "share * " : ""}${(gamma * lazy) / 2} * (penalty(x${y}, 0) + penalty(x_fake${y}, 0))${when}\n`;
}

/** @param {import("./trainer.js").Settings} settings */
export function codeOf(settings) {
  const { classes, labels, objective, lazy, dropout, blur, optimizer, k, log_rate_g, log_rate_d, fall, momentum, decay, log_clip, activation, batch, seed } = settings;
  const labelled = labels === "given", y = labelled ? ", y" : "", count = labelled ? CLASSES : 0;
  const [linearG, linearD] = [sizesOfG(count), sizesOfD(count)].map((sizes) => sizes.slice(1).map((outputs, l) => `nn.Linear(${sizes[l]}, ${outputs})`));
  const [lossD, lossG] = LOSSES[objective].map((loss) => loss.replace("x_fake), 1", `x_fake)${y}, 1`)), pairs = lossG.includes("real"), fined = lossD.endsWith("fine"), phi = ACTIVATIONS[activation];
  const counted = fined && lazy > 1, fakes = labelled ? "draw(y)" : `G(torch.randn(${batch}, ${NOISE}))`;
  const score = (/** @type {string} */ x) => (labelled ? `score(${x}, y)` : `D(${x})`);
  const drop = dropout > 0 ? `, nn.Dropout(${dropout})` : "";
  const clip = objective === "wgan" ? `\n        for weight in D.parameters():\n            weight.data.clamp_(${-rate(log_clip)}, ${rate(log_clip)})` : "";
  return `import torch
from torch import nn
from torch.nn.functional import relu, softplus

from gan_tutorial.data import load

images, labels = load("mnist-10k")
rows = torch.cat([(labels == digit).nonzero()[:500, 0] for digit in [${Array.from(classes).join(", ")}]])
data${labelled ? ", labels" : ""} = (images[rows].flatten(1) / 17).round() / 15${labelled ? ", labels[rows]" : ""}  # 16 levels of grey, from paper, 0, to ink, 1
${blur > 0 ? BLUR : ""}
torch.manual_seed(${seed})
G = nn.Sequential(
    ${linearG[0]}, ${phi},
    ${linearG[1]}, ${phi},
    ${linearG[2]}, ${"Blur(), ".repeat(blur)}nn.Sigmoid(),
)
D = nn.Sequential(
    ${linearD[0]}, ${phi}${drop},
    ${linearD[1]}, ${phi}${drop},
    ${linearD[2]},
)
average = torch.optim.swa_utils.AveragedModel(G, avg_fn=lambda a, g, n: a + 8 / (8 + n) * (g - a))
step_d, step_g = (${OPTIMIZERS[optimizer](rate(log_rate_d), momentum, decay).replace("network", "D")},
                  ${OPTIMIZERS[optimizer](rate(log_rate_g), momentum, decay).replace("network", "G")})
${players(labelled)}${fined || lossD.includes("penalty") ? penaltyOf(y) : ""}

def train(steps):
    for ${fall > 0 || counted ? "step" : "_"} in range(steps):
${fall > 0 ? FALL(fall, log_rate_d, log_rate_g) : ""}        for ${counted && k > 1 ? "i" : "_"} in range(${k}):
${labelled ? PAIRS(batch) : SAMPLES(batch)}            x_fake = ${fakes}.detach()
            real, fake = ${score("x")}, ${score("x_fake")}
${fined ? fineOf(settings, y) : ""}            step_d.zero_grad()
            (${lossD}).backward()
            step_d.step()${clip && clip.replaceAll("\n    ", "\n        ")}
        ${pairs ? `real, fake = ${score("x")}, ${score(fakes)}` : `fake = ${score(fakes)}`}
        step_g.zero_grad()
        (${lossG}).backward()
        step_g.step()
        average.update_parameters(G)


train(${STEPS.toLocaleString("en").replace(",", "_")})
`;
}
