"""The yardsticks: GAN training as public scripts usually write it.

Networks, losses, optimisers and the order of the steps follow the scripts that circulate: a Dataset
of PIL images with torchvision transforms, a DataLoader in the main process, noise from NumPy, Adam
from torch.optim, losses read with .item() at each step. Each training function is endless, and
yields 1 after a step of the generator. Of gan_tutorial only torchvision's import is used.
"""

from itertools import chain, repeat

import numpy as np
import torch
from torch import nn

from gan_tutorial.data import import_torchvision


class Pictures(torch.utils.data.Dataset):
    """Digits one by one through PIL, as torchvision.datasets.MNIST serves them."""

    def __init__(self, images, labels):
        from PIL import Image

        transforms = import_torchvision("the usual script").transforms
        self.data, self.targets, self.to_image = images[:, 0].cpu(), labels.cpu(), Image.fromarray
        self.transform = transforms.Compose(
            [transforms.Resize(28), transforms.ToTensor(), transforms.Normalize([0.5], [0.5])]
        )

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return self.transform(self.to_image(self.data[index].numpy())), int(self.targets[index])


def loader(images, labels, batch_size):
    """Batches for ever, epoch after epoch."""
    pictures = Pictures(images, labels)
    batches = torch.utils.data.DataLoader(
        pictures, batch_size=batch_size, shuffle=True, drop_last=True
    )
    return chain.from_iterable(repeat(batches))


class Generator(nn.Module):
    """z (and a label) through 128-256-512-1024 to a picture in [-1, 1]; batch norm as usual."""

    def __init__(self, classes=0):
        super().__init__()

        def block(inputs, outputs, normalize=True):
            layers = [nn.Linear(inputs, outputs)]
            if normalize:
                layers.append(nn.BatchNorm1d(outputs, 0.8))
            return [*layers, nn.LeakyReLU(0.2, inplace=True)]

        self.classes = classes
        self.model = nn.Sequential(
            *block(100 + classes, 128, normalize=False),
            *block(128, 256),
            *block(256, 512),
            *block(512, 1024),
            nn.Linear(1024, 784),
            nn.Tanh(),
        )

    def forward(self, z, labels=None):
        if self.classes:
            z = torch.cat([z, nn.functional.one_hot(labels, self.classes).float()], -1)
        return self.model(z).view(z.size(0), 1, 28, 28)


class Discriminator(nn.Module):
    """A picture (and a label) through 512-256 to a probability; to a score without sigmoid."""

    def __init__(self, classes=0, sigmoid=True):
        super().__init__()
        self.classes = classes
        self.model = nn.Sequential(
            nn.Linear(784 + classes, 512),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(512, 256),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(256, 1),
            *([nn.Sigmoid()] if sigmoid else []),
        )

    def forward(self, images, labels=None):
        flat = images.view(images.size(0), -1)
        if self.classes:
            flat = torch.cat([flat, nn.functional.one_hot(labels, self.classes).float()], -1)
        return self.model(flat)


def gan(images, labels, device, batch_size=64, classes=0, networks=None, noise_dim=100):
    """The GAN script, and with `classes` the conditional one: BCELoss on probabilities."""
    generator, discriminator = networks or (Generator(classes), Discriminator(classes))
    generator, discriminator = generator.to(device), discriminator.to(device)
    adversarial_loss = nn.BCELoss().to(device)
    options = {"lr": 2e-4, "betas": (0.5, 0.999)}
    optimizer_g = torch.optim.Adam(generator.parameters(), **options)
    optimizer_d = torch.optim.Adam(discriminator.parameters(), **options)
    rng = np.random.default_rng(0)
    for imgs, targets in loader(images, labels, batch_size):
        valid = torch.ones(imgs.size(0), 1, device=device)
        fake = torch.zeros(imgs.size(0), 1, device=device)
        real_imgs = imgs.to(device)
        y = (targets.to(device),) if classes else ()

        optimizer_g.zero_grad()
        z = torch.tensor(rng.normal(0, 1, (imgs.size(0), noise_dim)), dtype=torch.float32)
        gen_imgs = generator(z.to(device), *y)
        g_loss = adversarial_loss(discriminator(gen_imgs, *y), valid)
        g_loss.backward()
        optimizer_g.step()

        optimizer_d.zero_grad()
        real_loss = adversarial_loss(discriminator(real_imgs, *y), valid)
        fake_loss = adversarial_loss(discriminator(gen_imgs.detach(), *y), fake)
        d_loss = (real_loss + fake_loss) / 2
        d_loss.backward()
        optimizer_d.step()
        d_loss.item(), g_loss.item()
        yield 1


class Flat(nn.Sequential):
    """Layers on flattened pictures."""

    def forward(self, x):
        return super().forward(x.view(x.size(0), -1))


def small_networks():
    """64-256-256-784 and 784-256-256-1, the other pair that circulates."""
    generator = [nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()]
    discriminator = [nn.Linear(784, 256), nn.LeakyReLU(0.2), nn.Linear(256, 256), nn.LeakyReLU(0.2)]
    return (
        Flat(*generator, nn.Linear(256, 784), nn.Tanh()),
        Flat(*discriminator, nn.Linear(256, 1), nn.Sigmoid()),
    )


def small_gan(images, labels, device):
    """The same script with the small networks, in batches of 100."""
    networks = small_networks()
    return gan(images, labels, device, batch_size=100, networks=networks, noise_dim=64)


def dcgan(images, labels, device, width=64, batch_size=128):
    """The DCGAN script for 28 pixels: strided convolutions, real and fake batches in turn."""
    generator = nn.Sequential(
        nn.ConvTranspose2d(100, 2 * width, 7, 1, 0, bias=False),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(True),
        nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(True),
        nn.ConvTranspose2d(width, 1, 4, 2, 1, bias=False),
        nn.Tanh(),
    ).to(device)
    discriminator = nn.Sequential(
        nn.Conv2d(1, width, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False),
        nn.BatchNorm2d(2 * width),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(2 * width, 1, 7, 1, 0, bias=False),
        nn.Sigmoid(),
    ).to(device)
    criterion, options = nn.BCELoss(), {"lr": 2e-4, "betas": (0.5, 0.999)}
    optimizer_d = torch.optim.Adam(discriminator.parameters(), **options)
    optimizer_g = torch.optim.Adam(generator.parameters(), **options)
    for imgs, _ in loader(images, labels, batch_size):
        discriminator.zero_grad()
        label = torch.full((imgs.size(0),), 1.0, device=device)
        err_real = criterion(discriminator(imgs.to(device)).view(-1), label)
        err_real.backward()
        fake = generator(torch.randn(imgs.size(0), 100, 1, 1, device=device))
        label.fill_(0.0)
        err_fake = criterion(discriminator(fake.detach()).view(-1), label)
        err_fake.backward()
        optimizer_d.step()

        generator.zero_grad()
        label.fill_(1.0)
        err_g = criterion(discriminator(fake).view(-1), label)
        err_g.backward()
        optimizer_g.step()
        (err_real + err_fake).item(), err_g.item()
        yield 1


def wgan(images, labels, device, critic_steps=5):
    """The WGAN script: RMSprop, weights clipped to ±0.01 after each critic step."""
    generator, critic = Generator().to(device), Discriminator(sigmoid=False).to(device)
    optimizer_g = torch.optim.RMSprop(generator.parameters(), lr=5e-5)
    optimizer_d = torch.optim.RMSprop(critic.parameters(), lr=5e-5)
    rng = np.random.default_rng(0)
    for i, (imgs, _) in enumerate(loader(images, labels, 64)):
        real_imgs = imgs.to(device)
        optimizer_d.zero_grad()
        z = torch.tensor(rng.normal(0, 1, (imgs.size(0), 100)), dtype=torch.float32)
        z = z.to(device)
        fake_imgs = generator(z).detach()
        loss_d = -torch.mean(critic(real_imgs)) + torch.mean(critic(fake_imgs))
        loss_d.backward()
        optimizer_d.step()
        for p in critic.parameters():
            p.data.clamp_(-0.01, 0.01)
        loss_d.item()
        if i % critic_steps == critic_steps - 1:
            optimizer_g.zero_grad()
            loss_g = -torch.mean(critic(generator(z)))
            loss_g.backward()
            optimizer_g.step()
            loss_g.item()
            yield 1


def gradient_penalty(critic, real, fake, rng, device):
    """(‖∇f‖ - 1)² at points between real and fake samples, as the script has it."""
    alpha = torch.tensor(rng.random((real.size(0), 1, 1, 1)), dtype=torch.float32).to(device)
    between = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    score = critic(between)
    gradients = torch.autograd.grad(
        outputs=score,
        inputs=between,
        grad_outputs=torch.ones(real.size(0), 1, device=device),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    return ((gradients.view(gradients.size(0), -1).norm(2, dim=1) - 1) ** 2).mean()


def wgan_gp(images, labels, device, critic_steps=5):
    """The WGAN-GP script: Adam, λ = 10."""
    generator, critic = Generator().to(device), Discriminator(sigmoid=False).to(device)
    options = {"lr": 2e-4, "betas": (0.5, 0.999)}
    optimizer_g = torch.optim.Adam(generator.parameters(), **options)
    optimizer_d = torch.optim.Adam(critic.parameters(), **options)
    rng = np.random.default_rng(0)
    for i, (imgs, _) in enumerate(loader(images, labels, 64)):
        real_imgs = imgs.to(device)
        optimizer_d.zero_grad()
        z = torch.tensor(rng.normal(0, 1, (imgs.size(0), 100)), dtype=torch.float32)
        z = z.to(device)
        fake_imgs = generator(z)
        penalty = gradient_penalty(critic, real_imgs.data, fake_imgs.data, rng, device)
        score = torch.mean(critic(fake_imgs)) - torch.mean(critic(real_imgs))
        d_loss = score + 10 * penalty
        d_loss.backward()
        optimizer_d.step()
        d_loss.item()
        if i % critic_steps == critic_steps - 1:
            optimizer_g.zero_grad()
            g_loss = -torch.mean(critic(generator(z)))
            g_loss.backward()
            optimizer_g.step()
            g_loss.item()
            yield 1
